import type { MemoryPieces } from '../base/memory-pieces.ts';
import { IoVector } from './io-vector.ts';
import { errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cPreadv = libcFunction<[number, number, number, number], number>(
  'intptr_t preadv(int fd, uintptr_t vector, int count, int64_t offset)',
);
const cPwritev = libcFunction<[number, number, number, number], number>(
  'intptr_t pwritev(int fd, uintptr_t vector, int count, int64_t offset)',
);
const cFdatasync = libcFunction<[number], number>('int fdatasync(int fd)');
const cFtruncate = libcFunction<[number, number], number>('int ftruncate(int fd, int64_t length)');
const cFallocate = libcFunction<[number, number, number, number], number>(
  'int fallocate(int fd, int mode, int64_t offset, int64_t length)',
);
const cLseek = libcFunction<[number, number, number], number>('int64_t lseek(int fd, int64_t offset, int whence)');

/** fallocate(2) modes (linux/falloc.h). */
export const FALLOC = { KEEP_SIZE: 1, PUNCH_HOLE: 2, ZERO_RANGE: 16 } as const;
/** lseek(2). */
const SEEK_END = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;

const vector = new IoVector();

/** Calls again while a signal interrupts. */
function whole(call: string, object: string, perform: () => number): number {
  for (;;) {
    const result = perform();
    if (result >= 0) return result;
    const code = errno();
    if (errnoName(code) !== 'EINTR') throw new SystemCallFailure(call, code, object);
  }
}

/** Fills `length` bytes of `pieces` after the first `skip` from `offset` on; returns how many the file had. */
export function readPieces(
  fd: number,
  object: string,
  pieces: MemoryPieces,
  skip: number,
  length: number,
  offset: number,
): number {
  let done = 0;
  while (done < length) {
    vector.gather(pieces, skip + done, length - done);
    const got = cPreadv(fd, vector.address, vector.count, offset + done);
    if (got === 0) break;
    if (got > 0) done += got;
    else throwUnlessInterrupted('preadv', object);
  }
  return done;
}

/** Writes `length` bytes of `pieces` after the first `skip` at `offset`, all of them. */
export function writePieces(
  fd: number,
  object: string,
  pieces: MemoryPieces,
  skip: number,
  length: number,
  offset: number,
): void {
  let done = 0;
  while (done < length) {
    vector.gather(pieces, skip + done, length - done);
    const put = cPwritev(fd, vector.address, vector.count, offset + done);
    if (put >= 0) done += put;
    else throwUnlessInterrupted('pwritev', object);
  }
}

function throwUnlessInterrupted(call: string, object: string): void {
  const code = errno();
  if (errnoName(code) !== 'EINTR') throw new SystemCallFailure(call, code, object);
}

/** fdatasync(2): 0, or why it failed as an errno. */
export function syncFile(fd: number): number {
  for (;;) {
    if (cFdatasync(fd) === 0) return 0;
    const code = errno();
    if (errnoName(code) !== 'EINTR') return code;
  }
}

export function resizeFile(fd: number, object: string, size: number): void {
  whole('ftruncate', object, () => cFtruncate(fd, size));
}

/** fallocate(2); false where the file system does not know the mode. */
export function allocateFile(fd: number, object: string, mode: number, offset: number, length: number): boolean {
  for (;;) {
    if (cFallocate(fd, mode, offset, length) === 0) return true;
    const code = errno();
    const name = errnoName(code);
    if (name === 'ENOTSUP' || name === 'ENOSYS' || name === 'EINVAL' || name === 'ENODEV') return false;
    if (name !== 'EINTR') throw new SystemCallFailure('fallocate', code, object);
  }
}

/** Bytes of a file or block device. */
export function sizeOfFile(fd: number, object: string): number {
  return whole('lseek', object, () => cLseek(fd, 0, SEEK_END));
}

/** Where the next data from `offset` on starts, or undefined when there is none; lseek(2) SEEK_DATA. */
export function nextData(fd: number, offset: number): number | undefined {
  const at = cLseek(fd, offset, SEEK_DATA);
  return at < 0 ? undefined : at;
}

/** Where the next hole from `offset` on starts, the end of the file at the latest; lseek(2) SEEK_HOLE. */
export function nextHole(fd: number, offset: number): number | undefined {
  const at = cLseek(fd, offset, SEEK_HOLE);
  return at < 0 ? undefined : at;
}
