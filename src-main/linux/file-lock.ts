import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disposable } from '../base/disposable.ts';
import { errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cFlock = libcFunction<[number, number], number>('int flock(int fd, int operation)');

/** flock(2): exclusive, without waiting. */
const LOCK_EX_NB = 2 | 4;

/** An exclusive flock(2), held until disposed or until the process ends, however it ends. */
export class FileLock implements Disposable {
  private held = true;

  constructor(readonly fd: number) {}

  dispose(): void {
    if (!this.held) return;
    this.held = false;
    closeSync(this.fd);
  }
}

const RETRY_MS = 5;

/** The same, waiting for whoever holds it; null when that takes longer than `patienceMs`. */
export async function lockFile(path: string, patienceMs: number): Promise<FileLock | null> {
  for (const end = performance.now() + patienceMs; ; await sleep(RETRY_MS)) {
    const lock = tryLockFile(path);
    if (lock !== null || performance.now() > end) return lock;
  }
}

/** Locks the file at `path`, creating it if need be; null when another process holds it. */
export function tryLockFile(path: string): FileLock | null {
  const fd = openSync(path, 'a+', 0o600);
  for (;;) {
    if (cFlock(fd, LOCK_EX_NB) === 0) return new FileLock(fd);
    const code = errno();
    if (errnoName(code) === 'EINTR') continue;
    closeSync(fd);
    if (errnoName(code) === 'EAGAIN') return null;
    throw new SystemCallFailure('flock', code, path);
  }
}
