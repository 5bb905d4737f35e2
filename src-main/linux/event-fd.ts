import { Fd } from './fd.ts';
import { checked, errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cEventfd = libcFunction<[number, number], number>('int eventfd(unsigned int initial, int flags)');
const cRead = libcFunction<[number, Uint8Array, number], number>('intptr_t read(int fd, void *into, size_t length)');
const cWrite = libcFunction<[number, Uint8Array, number], number>(
  'intptr_t write(int fd, const void *from, size_t length)',
);

/** eventfd(2): EFD_CLOEXEC | EFD_NONBLOCK. */
const FLAGS = 0o2000000 | 0o4000;
const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

/** A counter in the kernel that poll(2) finds readable while it is not zero; eventfd(2). */
export class EventFd extends Fd {
  private readonly counter = new Uint8Array(8);

  static create(object: string): EventFd {
    return new EventFd(checked(cEventfd(0, FLAGS), 'eventfd', object), object);
  }

  signal(): void {
    checked(cWrite(this.number, ONE, 8), 'write', this.object);
  }

  /** Sets the counter back to zero; whether it was anything else. */
  clear(): boolean {
    for (;;) {
      if (cRead(this.number, this.counter, 8) >= 0) return true;
      const code = errno();
      if (errnoName(code) === 'EAGAIN') return false;
      if (errnoName(code) !== 'EINTR') throw new SystemCallFailure('read', code, this.object);
    }
  }
}
