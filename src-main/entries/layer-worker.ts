/** A thread that unpacks, compares and packs layers, one job at a time, so that the engine's loop stays free. */
import { parentPort } from 'node:worker_threads';
import { asFailure } from '../base/failure.ts';
import type { LayerJob, LayerOrder, LayerReport } from '../containers/rootfs/layer-jobs.ts';
import { runLayerJob } from '../containers/rootfs/run-layer-job.ts';
import { nameCurrentThread } from '../linux/thread.ts';

/** Chunks sent and not yet taken. */
const CHUNKS_AHEAD = 4;

const port = parentPort!;
const tell = (report: LayerReport, transfer: ArrayBuffer[] = []): void => port.postMessage(report, transfer);

let ahead = 0;
let resume: (() => void) | undefined;

async function sendChunk(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  tell({ kind: 'chunk', bytes }, [bytes.buffer]);
  if (++ahead < CHUNKS_AHEAD) return;
  await new Promise<void>((resolve) => {
    resume = resolve;
  });
}

function takeMore(): void {
  ahead--;
  resume?.();
  resume = undefined;
}

async function work(job: LayerJob): Promise<void> {
  try {
    const outlets = { progress: (bytes: number) => tell({ kind: 'progress', bytes }), chunk: sendChunk };
    tell({ kind: 'done', result: await runLayerJob(job, outlets) });
  } catch (error) {
    tell({ kind: 'failed', failure: asFailure(error).toJSON() });
  }
}

nameCurrentThread('layers');
port.on('message', (order: LayerOrder) => {
  if (order.kind === 'more') takeMore();
  else void work(order.job);
});
