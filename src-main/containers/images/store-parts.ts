import type { ContainerRootfs } from '../rootfs/container-rootfs.ts';
import type { LayerWorkers } from '../rootfs/layer-workers.ts';
import type { ContentStore } from '../store/content-store.ts';
import type { LayerStore } from '../store/layer-store.ts';
import { Lease } from '../store/lease.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import type { StorePaths } from '../store/store-paths.ts';
import type { ImageCatalog } from './image-catalog.ts';
import type { ImageIndex } from './image-index.ts';

/** What an image store is made of. */
export interface StoreParts {
  readonly paths: StorePaths;
  readonly content: ContentStore;
  readonly layers: LayerStore;
  readonly rootfs: ContainerRootfs;
  readonly workers: LayerWorkers;
  readonly index: ImageIndex;
  readonly catalog: ImageCatalog;
}

/** Runs `body` with a lease, under which it takes in what nothing refers to yet. */
export async function underLease<T>({ paths }: StoreParts, body: (lease: Lease) => Promise<T>): Promise<T> {
  const lease = await holdingStoreLock(paths.lock, () => Lease.open(paths.leases));
  try {
    return await body(lease);
  } finally {
    lease.dispose();
  }
}
