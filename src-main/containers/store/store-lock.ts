import { Failure } from '../../base/failure.ts';
import { lockFile } from '../../linux/file-lock.ts';

/** Changes take milliseconds; deleting files is done outside the lock. */
const PATIENCE_MS = 30_000;

/** Runs `body` while no other thread or process changes the store. It must not wait for anything slow. */
export async function holdingStoreLock<T>(path: string, body: () => T | Promise<T>): Promise<T> {
  const lock = await lockFile(path, PATIENCE_MS);
  if (lock === null) {
    throw new Failure('state', 'images-busy', 'images: another Bulkhead is changing them and does not finish', {
      hint: 'try again in a moment',
    });
  }
  try {
    return await body();
  } finally {
    lock.dispose();
  }
}
