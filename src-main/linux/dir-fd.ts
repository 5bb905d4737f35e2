import os from 'node:os';
import { O } from './fd.ts';
import { errno, libcFunction } from './libc.ts';
import { readStatx, STATX_BYTES, STATX_MASK, type Status } from './statx.ts';

/**
 * System calls relative to an open directory. Names and paths are byte strings: one character per byte, as
 * `Buffer.toString('latin1')` makes them, because file names are bytes and need not be UTF-8. Results are the kernel's:
 * not negative, or a negative errno, which the caller looks at (`-ERRNO.ENOENT`).
 */
export type ByteString = string;

const cSyscall = libcFunction<[number, number, Uint8Array, Uint8Array, number], number>(
  'long syscall(long number, long dirfd, void *path, void *how, size_t size)',
);
const cMkdirat = libcFunction<[number, Uint8Array, number], number>('int mkdirat(int dirfd, void *path, uint mode)');
const cMknodat = libcFunction<[number, Uint8Array, number, number], number>(
  'int mknodat(int dirfd, void *path, uint mode, uint64_t device)',
);
const cSymlinkat = libcFunction<[Uint8Array, number, Uint8Array], number>(
  'int symlinkat(void *target, int dirfd, void *path)',
);
const cLinkat = libcFunction<[number, Uint8Array, number, Uint8Array, number], number>(
  'int linkat(int oldDir, void *oldPath, int newDir, void *newPath, int flags)',
);
const cUnlinkat = libcFunction<[number, Uint8Array, number], number>('int unlinkat(int dirfd, void *path, int flags)');
const cRenameat = libcFunction<[number, Uint8Array, number, Uint8Array], number>(
  'int renameat(int oldDir, void *oldPath, int newDir, void *newPath)',
);
const cFchownat = libcFunction<[number, Uint8Array, number, number, number], number>(
  'int fchownat(int dirfd, void *path, uint uid, uint gid, int flags)',
);
const cFchmodat = libcFunction<[number, Uint8Array, number, number], number>(
  'int fchmodat(int dirfd, void *path, uint mode, int flags)',
);
const cUtimensat = libcFunction<[number, Uint8Array, BigInt64Array, number], number>(
  'int utimensat(int dirfd, void *path, void *times, int flags)',
);
const cFutimens = libcFunction<[number, BigInt64Array], number>('int futimens(int fd, void *times)');
const cStatx = libcFunction<[number, Uint8Array, number, number, Uint8Array], number>(
  'int statx(int dirfd, void *path, int flags, uint mask, void *buffer)',
);
const cReadlinkat = libcFunction<[number, Uint8Array, Uint8Array, number], number>(
  'intptr_t readlinkat(int dirfd, void *path, void *buffer, size_t size)',
);
const cFchown = libcFunction<[number, number, number], number>('int fchown(int fd, uint uid, uint gid)');
const cFchmod = libcFunction<[number, number], number>('int fchmod(int fd, uint mode)');
const cClose = libcFunction<[number], number>('int close(int fd)');

const SYS_OPENAT2 = 437;
/** fcntl.h, Linux x86-64. */
export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  EMPTY_PATH: 0x1000,
} as const;
/** openat2(2) `resolve`. */
export const RESOLVE = { NO_XDEV: 0x01, NO_MAGICLINKS: 0x02, NO_SYMLINKS: 0x04, BENEATH: 0x08, IN_ROOT: 0x10 } as const;

const OPEN_HOW_BYTES = 24;
/** Beside a program that does nothing but rename, one in some hundred attempts fails. */
const OPEN_ATTEMPTS = 32;
const PATH_MAX = 4096;

/** With the terminating zero. */
export function cString(text: ByteString): Buffer {
  const bytes = Buffer.allocUnsafe(text.length + 1);
  bytes.write(text, 0, 'latin1');
  bytes[text.length] = 0;
  return bytes;
}

const kernelResult = (result: number): number => (result < 0 ? -errno() : result);

/**
 * openat2(2). O_CLOEXEC is added. Where something was renamed or mounted meanwhile, the kernel cannot say that a `..` stayed
 * inside, and answers EAGAIN: it is asked again.
 */
export function openAt2(dirfd: number, path: ByteString, flags: number, mode: number, resolve: number): number {
  const how = new BigUint64Array(OPEN_HOW_BYTES / 8);
  how[0] = BigInt(flags | O.CLOEXEC);
  how[1] = BigInt(mode);
  how[2] = BigInt(resolve);
  const [name, bytes] = [cString(path), new Uint8Array(how.buffer)];
  for (let attempt = 1; ; attempt++) {
    const fd = kernelResult(cSyscall(SYS_OPENAT2, dirfd, name, bytes, OPEN_HOW_BYTES));
    if (fd !== -os.constants.errno.EAGAIN || attempt === OPEN_ATTEMPTS) return fd;
  }
}

export function mkdirAt(dirfd: number, name: ByteString, mode: number): number {
  return kernelResult(cMkdirat(dirfd, cString(name), mode));
}

/** `mode` with the file type; `device` as `makeDevice` packs it. */
export function mknodAt(dirfd: number, name: ByteString, mode: number, device: number): number {
  return kernelResult(cMknodat(dirfd, cString(name), mode, device));
}

export function symlinkAt(target: ByteString, dirfd: number, name: ByteString): number {
  return kernelResult(cSymlinkat(cString(target), dirfd, cString(name)));
}

/** A link to a symbolic link is a link to that itself. */
export function linkAt(oldDir: number, oldName: ByteString, newDir: number, newName: ByteString): number {
  return kernelResult(cLinkat(oldDir, cString(oldName), newDir, cString(newName), 0));
}

/** Another name for what `fd` is open on, a symbolic link included. */
export function linkOpenAt(fd: number, newDir: number, newName: ByteString): number {
  const path = cString(`/proc/self/fd/${fd}`);
  return kernelResult(cLinkat(AT.FDCWD, path, newDir, cString(newName), AT.SYMLINK_FOLLOW));
}

export function renameAt(oldDir: number, oldName: ByteString, newDir: number, newName: ByteString): number {
  return kernelResult(cRenameat(oldDir, cString(oldName), newDir, cString(newName)));
}

export function unlinkAt(dirfd: number, name: ByteString, flags = 0): number {
  return kernelResult(cUnlinkat(dirfd, cString(name), flags));
}

/** Of a symbolic link: its own. With an empty name, of what `dirfd` is. */
export function chownAt(dirfd: number, name: ByteString, uid: number, gid: number): number {
  const flags = AT.SYMLINK_NOFOLLOW | (name === '' ? AT.EMPTY_PATH : 0);
  return kernelResult(cFchownat(dirfd, cString(name), uid, gid, flags));
}

/** fchmodat(2) follows symbolic links: never for a name that may be one. */
export function chmodAt(dirfd: number, name: ByteString, mode: number): number {
  return kernelResult(cFchmodat(dirfd, cString(name), mode, 0));
}

/** Both times become `seconds` and `nanoseconds` since 1970. Of a symbolic link: its own. */
export function setTimeAt(dirfd: number, name: ByteString, seconds: number, nanoseconds: number): number {
  return kernelResult(cUtimensat(dirfd, cString(name), timespecs(seconds, nanoseconds), AT.SYMLINK_NOFOLLOW));
}

export function setTime(fd: number, seconds: number, nanoseconds: number): number {
  return kernelResult(cFutimens(fd, timespecs(seconds, nanoseconds)));
}

function timespecs(seconds: number, nanoseconds: number): BigInt64Array {
  return BigInt64Array.of(BigInt(seconds), BigInt(nanoseconds), BigInt(seconds), BigInt(nanoseconds));
}

/** Of a symbolic link: its own. undefined when there is none, or it may not be seen. */
export function statusAt(dirfd: number, name: ByteString): Status | undefined {
  const buffer = new Uint8Array(STATX_BYTES);
  const flags = AT.SYMLINK_NOFOLLOW | (name === '' ? AT.EMPTY_PATH : 0);
  return cStatx(dirfd, cString(name), flags, STATX_MASK, buffer) === 0 ? readStatx(buffer) : undefined;
}

/** What a symbolic link says; undefined for anything else. */
export function readLinkAt(dirfd: number, name: ByteString): ByteString | undefined {
  const buffer = Buffer.allocUnsafe(PATH_MAX);
  const length = cReadlinkat(dirfd, cString(name), buffer, PATH_MAX);
  return length < 0 ? undefined : buffer.toString('latin1', 0, length);
}

export const chown = (fd: number, uid: number, gid: number): number => kernelResult(cFchown(fd, uid, gid));
export const chmod = (fd: number, mode: number): number => kernelResult(cFchmod(fd, mode));
export const close = (fd: number): void => void cClose(fd);

/** glibc's gnu_dev_makedev. */
export function makeDevice(major: number, minor: number): number {
  const low = ((major & 0xfff) << 8) | (minor & 0xff);
  return low + (minor & 0xfff00) * 2 ** 12;
}
