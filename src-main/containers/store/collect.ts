import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { sweepLeftovers } from '../../inventory/atomic-file.ts';
import { currentBootId } from '../../inventory/last-run.ts';
import type { ContentStore } from './content-store.ts';
import type { Digest } from './digest.ts';
import type { LayerStore } from './layer-store.ts';
import { leasedDigests } from './lease.ts';
import { isHeld, processIsGone } from './scratch-owner.ts';
import type { StorePaths } from './store-paths.ts';

export interface Roots {
  readonly blobs: ReadonlySet<Digest>;
  readonly layers: ReadonlySet<Digest>;
}

export interface Stores {
  readonly paths: StorePaths;
  readonly content: ContentStore;
  readonly layers: LayerStore;
}

/**
 * Removes what nothing refers to and no lease holds; returns the bytes that came free. With the store's lock held. The
 * folders it takes away lie in the trash afterwards.
 */
export function collect({ paths, content, layers }: Stores, roots: Roots): number {
  // In this order: what is taken in meanwhile is leased before it appears.
  const [blobs, folders] = [content.all(), layers.all()];
  const leased = leasedDigests(paths.leases);
  let bytes = 0;
  for (const digest of blobs) {
    if (roots.blobs.has(digest) || leased.has(digest)) continue;
    bytes += content.size(digest);
    content.remove(digest);
  }
  for (const chainId of folders) {
    if (roots.layers.has(chainId) || leased.has(chainId)) continue;
    bytes += layers.record(chainId)?.bytes ?? 0;
    layers.discard(chainId);
  }
  return bytes;
}

/**
 * Clears away what processes that are gone were in the middle of, and layers that no image came to use and that may
 * not have reached the disk before the computer stopped. With the store's lock held, when the store is opened.
 */
export function sweep({ paths, layers }: Stores, roots: Roots): void {
  sweepLeftovers(paths.root);
  const leased = leasedDigests(paths.leases);
  const bootId = currentBootId();
  for (const chainId of layers.all()) {
    const orphan = !roots.layers.has(chainId) && !leased.has(chainId);
    if (orphan && layers.record(chainId)?.bootId !== bootId) layers.discard(chainId);
  }
  for (const name of readdirSync(paths.scratch)) {
    if (processIsGone(name)) renameSync(join(paths.scratch, name), join(paths.trash, name));
  }
  for (const name of readdirSync(paths.intake)) {
    const path = join(paths.intake, name);
    if (name.startsWith('new-') && existsSync(path) && !isHeld(path)) rmSync(path, { force: true });
  }
}
