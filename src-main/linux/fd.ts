import type { Disposable } from '../base/disposable.ts';
import { checked, errno, errnoName, libcFunction } from './libc.ts';

const cOpen = libcFunction<[string, number, number], number>('int open(const char *path, int flags, int mode)');
const cClose = libcFunction<[number], number>('int close(int fd)');
const cIoctl = libcFunction<[number, number, number | bigint], number>(
  'int ioctl(int fd, unsigned long request, uintptr_t argument)',
);
/** The same with a structure in memory of ours, which stays where it is, and alive, during the call. */
const cIoctlOn = libcFunction<[number, number, ArrayBufferView], number>(
  'int ioctl(int fd, unsigned long request, void *structure)',
);

/** open(2) flags, Linux x86-64 (asm-generic/fcntl.h). */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  NONBLOCK: 0o4000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

/** An open file descriptor that closes with its owner. */
export class Fd implements Disposable {
  private open = true;

  constructor(
    readonly number: number,
    /** What it is, for error messages: `/dev/kvm`, `vCPU 0`. */
    readonly object: string,
  ) {}

  static open(path: string, flags: number, mode = 0o600): Fd {
    return new Fd(checked(cOpen(path, flags | O.CLOEXEC, mode), 'open', path), path);
  }

  /** Performs an ioctl with a number or a structure; throws `SystemCallFailure` naming `request` when it fails. */
  ioctl(name: string, request: number, argument: number | bigint | ArrayBufferView = 0): number {
    const result =
      typeof argument === 'object' ? cIoctlOn(this.number, request, argument) : cIoctl(this.number, request, argument);
    return checked(result, name, this.object);
  }

  dispose(): void {
    if (!this.open) return;
    this.open = false;
    cClose(this.number);
  }
}

/** ioctl(2) as it is: -1 with errno on failure. For loops that look at errno themselves. */
export const rawIoctl = cIoctl;

/** Whether `path` can be opened with `flags`: the errno's name, or undefined when it can. */
export function whyNotOpen(path: string, flags: number): string | undefined {
  const fd = cOpen(path, flags | O.CLOEXEC, 0);
  if (fd < 0) return errnoName(errno());
  cClose(fd);
  return undefined;
}
