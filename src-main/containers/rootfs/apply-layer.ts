import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../../base/failure.ts';
import { unmountLazily, unshareMounts } from '../../linux/classic-mount.ts';
import { Fd, O } from '../../linux/fd.ts';
import { inUserNamespace } from '../../linux/user-namespace.ts';
import { decompressed } from '../archive/decompress.ts';
import { TarReader } from '../archive/tar-reader.ts';
import type { Applied, ApplyJob } from './layer-jobs.ts';
import { mountOverlay, mountPoints, type OverlayFolders } from './overlay-mount.ts';
import { likeRootBelow } from './root-attributes.ts';
import { defaultTreeLimits } from './tree-limits.ts';
import { TreeWriter } from './tree-writer.ts';

/** How much of the disk's free space one layer may take. */
const SHARE_OF_FREE_SPACE = 0.95;
const PROGRESS_BYTES = 1 << 20;
const READ_BYTES = 1 << 20;

let ownMounts = false;

/** From now on this thread sees none of the mounts in the store, so it keeps none of them busy. */
function takeOwnMounts(store: string): void {
  unshareMounts();
  for (const point of mountPoints()) if (point.startsWith(`${store}/`)) unmountLazily(point);
}

/** Runs `body` on an overlay that only this thread sees: it goes with the thread, however that ends. */
export async function onOverlay<T>(
  folders: OverlayFolders,
  scratch: string,
  body: (root: string) => Promise<T>,
): Promise<T> {
  if (!ownMounts) takeOwnMounts(dirname(dirname(scratch)));
  ownMounts = true;
  const target = join(scratch, 'merged');
  mkdirSync(target, { recursive: true });
  mountOverlay(folders, target);
  try {
    return await body(target);
  } finally {
    unmountLazily(target);
  }
}

/**
 * Unpacks a layer. One with layers below is unpacked through an overlay of them, so that links in those lead where
 * they would, and the kernel writes the whiteouts in its own manner.
 */
export async function applyLayer(job: ApplyJob, progress: (bytes: number) => void): Promise<Applied> {
  const { parents, folder, scratch } = job;
  try {
    if (parents.length === 0) return await unpack(job, folder, progress);
    const workdir = join(scratch, 'work');
    mkdirSync(workdir, { recursive: true });
    likeRootBelow(folder, parents[0]!);
    const overlay = { lowerdirs: parents, upperdir: folder, workdir };
    return await onOverlay(overlay, scratch, (root) => unpack(job, root, progress));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function unpack(job: ApplyJob, folder: string, progress: (bytes: number) => void): Promise<Applied> {
  const root = Fd.open(folder, O.RDONLY | O.DIRECTORY);
  const writer = new TreeWriter({
    root: root.number,
    overLayers: job.parents.length > 0,
    whiteouts: job.whiteouts,
    devices: !inUserNamespace(),
    limits: job.limits ?? limitsFor(folder),
  });
  try {
    const hash = createHash('sha256');
    const reader = new TarReader(writer);
    const blob = createReadStream(job.blob, { highWaterMark: READ_BYTES });
    let told = 0;
    for await (const chunk of await decompressed(blob)) {
      hash.update(chunk as Buffer);
      reader.push(chunk as Buffer);
      if (blob.bytesRead - told < PROGRESS_BYTES) continue;
      told = blob.bytesRead;
      progress(told);
    }
    reader.finish();
    const diffId = `sha256:${hash.digest('hex')}`;
    if (job.diffId !== undefined && job.diffId !== diffId) throw wrongDiffId(job.diffId, diffId);
    writer.finish();
    return { diffId, bytes: writer.bytes, skippedDevices: writer.skippedDevices };
  } finally {
    writer.dispose();
    root.dispose();
  }
}

function limitsFor(folder: string): typeof defaultTreeLimits {
  const { bavail, bsize } = statfsSync(folder);
  return { ...defaultTreeLimits, storedBytes: Math.floor(bavail * bsize * SHARE_OF_FREE_SPACE) };
}

function wrongDiffId(wanted: string, found: string): Failure {
  return new Failure('failed', 'digest-mismatch', `layer: its content is not what the image says: ${wanted}`, {
    hint: 'the image is damaged or was tampered with',
    facts: { wanted, found },
  });
}
