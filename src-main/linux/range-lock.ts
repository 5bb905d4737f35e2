import { errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cFcntl = libcFunction<[number, number, Uint8Array], number>('int fcntl(int fd, int command, void *lock)');

/** fcntl(2), Linux x86-64: locks of the open file description, not of the process. */
const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;

/** struct flock, x86-64: short type, short whence, off_t start at 8, off_t length at 16, pid at 24. */
const FLOCK_BYTES = 32;

function flock(type: number, start: number, length: number): Uint8Array {
  const lock = new DataView(new ArrayBuffer(FLOCK_BYTES));
  lock.setInt16(0, type, true);
  lock.setBigInt64(8, BigInt(start), true);
  lock.setBigInt64(16, BigInt(length), true);
  return new Uint8Array(lock.buffer);
}

function lockFailure(object: string): SystemCallFailure {
  return new SystemCallFailure('fcntl F_OFD_SETLK', errno(), object);
}

/** Takes a shared lock on a range of bytes; false when another holds an exclusive one. Closing the file ends it. */
export function tryShareRange(fd: number, object: string, start: number, length = 1): boolean {
  if (cFcntl(fd, F_OFD_SETLK, flock(F_RDLCK, start, length)) === 0) return true;
  if (errnoName(errno()) === 'EAGAIN' || errnoName(errno()) === 'EACCES') return false;
  throw lockFailure(object);
}

export function releaseRange(fd: number, object: string, start: number, length = 1): void {
  if (cFcntl(fd, F_OFD_SETLK, flock(F_UNLCK, start, length)) !== 0) throw lockFailure(object);
}

/** Whether anyone but this open file holds any lock on the range. */
export function isRangeLocked(fd: number, object: string, start: number, length = 1): boolean {
  const lock = flock(F_WRLCK, start, length);
  if (cFcntl(fd, F_OFD_GETLK, lock) !== 0) throw lockFailure(object);
  return new DataView(lock.buffer).getInt16(0, true) !== F_UNLCK;
}
