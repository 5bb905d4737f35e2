import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { bundleWorker } from '../../support/worker-bundle.ts';
import type { ThreadTask } from './thread-tasks.ts';

/** Bundles the test threads' entry, once per test file; call `remove` at the end. */
export async function threadEntry(
  name: string,
): Promise<{ start(task: ThreadTask): Promise<unknown>; remove(): void }> {
  const url = await bundleWorker(new URL('./threads.worker.ts', import.meta.url), name);
  return {
    start: (task) => once(new Worker(url, { workerData: task }), 'message'),
    remove: () => rmSync(url),
  };
}
