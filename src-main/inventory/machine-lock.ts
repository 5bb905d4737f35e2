import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../base/failure.ts';
import { patiently } from '../base/patiently.ts';
import { type FileLock, tryLockFile } from '../linux/file-lock.ts';
import { readLastRun } from './last-run.ts';
import { quote } from './machine-name.ts';
import type { BulkheadPaths, MachinePaths } from './paths.ts';

/** Changes take milliseconds; whoever holds a lock longer than this is not making one. */
const PATIENCE_MS = 1500;

/** The lock of the whole inventory: held while machines are made, renamed or deleted. */
export function lockInventory(paths: BulkheadPaths): FileLock {
  const lock = patiently(PATIENCE_MS, () => tryLockExisting(join(paths.machines, '.lock')));
  if (lock === undefined) throw new Failure('not-found', 'no-such-machine', 'machines: there are none yet');
  if (lock !== null) return lock;
  throw new Failure('state', 'inventory-busy', 'machines: another Bulkhead is changing them and does not finish', {
    hint: 'try again in a moment',
  });
}

/** The lock of the CPU templates in `folder`, which is there: held while one is saved or deleted. */
export function lockTemplates(folder: string): FileLock {
  const lock = patiently(PATIENCE_MS, () => tryLockFile(join(folder, '.lock')));
  if (lock !== null) return lock;
  throw new Failure('state', 'inventory-busy', 'CPU templates: another Bulkhead is changing them and does not finish', {
    hint: 'try again in a moment',
  });
}

/** A machine's lock, to `purpose` it: `change`, `delete`. Throws `state` while its VM host has it. */
export function lockMachine(paths: MachinePaths, name: string, purpose: string): FileLock {
  const lock = patiently(
    PATIENCE_MS,
    () => tryLockMachine(paths),
    () => readLastRun(paths)?.outcome === 'running' && existsSync(paths.qmp),
  );
  if (lock) return lock;
  if (lock === undefined) {
    throw new Failure('not-found', 'no-such-machine', `machine ${quote(name)}: it was deleted meanwhile`);
  }
  throw new Failure('state', 'machine-running', `machine ${quote(name)}: cannot ${purpose}: it is running`, {
    hint: 'shut it down first: `bulkhead vm stop`, or `bulkhead vm kill`',
  });
}

/** The machine's lock; null while another process holds it, undefined when there is no such machine (any more). */
export function tryLockMachine(paths: MachinePaths): FileLock | null | undefined {
  const lock = tryLockExisting(paths.lock);
  // Deleting a machine takes its lock file along: a lock on a file without a name guards nothing.
  if (lock && !existsSync(paths.lock)) {
    lock.dispose();
    return undefined;
  }
  return lock;
}

/** undefined where the folder of the lock file is not there. */
function tryLockExisting(path: string): FileLock | null | undefined {
  try {
    return tryLockFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
