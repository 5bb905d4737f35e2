import { Fd } from './fd.ts';
import { checked, errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cEpollCreate = libcFunction<[number], number>('int epoll_create1(int flags)');
const cEpollCtl = libcFunction<[number, number, number, Uint8Array], number>(
  'int epoll_ctl(int epoll, int operation, int fd, void *event)',
);
const cEpollWait = libcFunction<[number, Uint8Array, number, number], number>(
  'int epoll_wait(int epoll, void *events, int most, int timeout)',
);

/** epoll(7), Linux x86-64. */
const EPOLL_CLOEXEC = 0o2000000;
const CTL = { add: 1, remove: 2, change: 3 } as const;
export const READABLE = 0x001;
export const WRITABLE = 0x004;
/** Told whether asked for or not: an error, a hang-up. */
export const BROKEN = 0x008 | 0x010;

/** struct epoll_event is packed on x86-64: events u32, data u64. */
const EVENT_BYTES = 12;
const MOST_EVENTS = 64;

/** Waits for many file descriptors at once; each is known by a number of the caller's. */
export class Epoll extends Fd {
  private readonly events = new Uint8Array(EVENT_BYTES * MOST_EVENTS);
  private readonly view = new DataView(this.events.buffer);
  private readonly one = new Uint8Array(EVENT_BYTES);
  private readonly oneView = new DataView(this.one.buffer);

  static create(object: string): Epoll {
    return new Epoll(checked(cEpollCreate(EPOLL_CLOEXEC), 'epoll_create1', object), object);
  }

  add(fd: number, interest: number, token: number): void {
    this.control(CTL.add, fd, interest, token);
  }

  change(fd: number, interest: number, token: number): void {
    this.control(CTL.change, fd, interest, token);
  }

  remove(fd: number): void {
    this.control(CTL.remove, fd, 0, 0);
  }

  /** Waits up to `timeoutMs` (-1: for good); how many events there are to look at. A signal ends the wait. */
  wait(timeoutMs: number): number {
    const count = cEpollWait(this.number, this.events, MOST_EVENTS, timeoutMs);
    if (count >= 0) return count;
    const code = errno();
    if (errnoName(code) === 'EINTR') return 0;
    throw new SystemCallFailure('epoll_wait', code, this.object);
  }

  token(event: number): number {
    return this.view.getUint32(event * EVENT_BYTES + 4, true);
  }

  /** What has happened to it: READABLE, WRITABLE, BROKEN. */
  happened(event: number): number {
    return this.view.getUint32(event * EVENT_BYTES, true);
  }

  private control(operation: number, fd: number, interest: number, token: number): void {
    this.oneView.setUint32(0, interest, true);
    this.oneView.setUint32(4, token, true);
    checked(cEpollCtl(this.number, operation, fd, this.one), 'epoll_ctl', this.object);
  }
}
