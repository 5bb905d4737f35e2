import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../base/failure.ts';
import { tryLockFile } from '../../linux/file-lock.ts';

/** Changes take milliseconds; deleting files is done outside the lock. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 5;

/** Runs `body` while no other thread or process changes the store. It must not wait for anything slow. */
export async function holdingStoreLock<T>(path: string, body: () => T | Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const lock = tryLockFile(path);
    if (lock) {
      try {
        return await body();
      } finally {
        lock.dispose();
      }
    }
    if (performance.now() > end) {
      throw new Failure('state', 'images-busy', 'images: another Bulkhead is changing them and does not finish', {
        hint: 'try again in a moment',
      });
    }
    await sleep(RETRY_MS);
  }
}
