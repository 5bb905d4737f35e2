import { applyLayer } from './apply-layer.ts';
import type { JobResults, LayerJob } from './layer-jobs.ts';
import { exportTree, listChanges, packLayer } from './pack-tree.ts';
import { removeFolder } from './remove-folders.ts';
import { treeUsage } from './tree-usage.ts';

export interface JobOutlets {
  /** Bytes of the blob read so far. */
  progress(bytes: number): void;
  /** Settles when another may be sent. */
  chunk(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

const CHUNK_BYTES = 1 << 18;

/** Does one job, in the thread it is called in. */
export async function runLayerJob(job: LayerJob, outlets: JobOutlets): Promise<JobResults[keyof JobResults]> {
  switch (job.kind) {
    case 'apply':
      return applyLayer(job, outlets.progress);
    case 'changes':
      return listChanges(job);
    case 'pack':
      return packLayer(job);
    case 'export':
      await inLargeChunks(outlets, (send) => exportTree(job, send));
      return null;
    case 'remove':
      for (const folder of job.folders) removeFolder(folder);
      return null;
    case 'usage':
      return treeUsage(job.folder);
  }
}

async function inLargeChunks(
  { chunk }: JobOutlets,
  produce: (send: (bytes: Buffer) => Promise<void>) => Promise<void>,
): Promise<void> {
  let pending: Buffer[] = [];
  let size = 0;
  const flush = async (): Promise<void> => {
    if (size === 0) return;
    const whole = new Uint8Array(size);
    let at = 0;
    for (const piece of pending) {
      whole.set(piece, at);
      at += piece.length;
    }
    pending = [];
    size = 0;
    await chunk(whole);
  };
  await produce(async (bytes) => {
    pending.push(bytes);
    size += bytes.length;
    if (size >= CHUNK_BYTES) await flush();
  });
  await flush();
}
