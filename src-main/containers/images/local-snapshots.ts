import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { OverlaidTree } from '../rootfs/layer-jobs.ts';
import type { Change, Mountable, RootfsUsage, Snapshots } from '../rootfs/snapshots.ts';
import { chainIds } from '../store/layer-store.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { emptyTrash } from './empty-trash.ts';
import { diffIdsOf } from './manifest.ts';
import { type StoreParts, underLease } from './store-parts.ts';
import { unpackImage } from './unpack-image.ts';

const NOTHING: RootfsUsage = { sizeRw: 0, sizeRootFs: 0 };

/** Containers' root file systems over this store's images. */
export class LocalSnapshots implements Snapshots {
  constructor(private readonly parts: StoreParts) {}

  async prepare(containerId: string, imageId: string): Promise<Mountable> {
    const { rootfs, catalog, paths } = this.parts;
    if (rootfs.record(containerId)) return rootfs.mountable(containerId);
    return underLease(this.parts, async (lease) => {
      const { id, config, manifestDigest } = catalog.resolve(imageId);
      await unpackImage(this.parts, lease, { manifest: catalog.manifest(manifestDigest), config }, {});
      const chain = chainIds(diffIdsOf(config));
      await holdingStoreLock(paths.lock, () => rootfs.make(containerId, { version: 1, imageId: id, chain }));
      return rootfs.mountable(containerId);
    });
  }

  mount(containerId: string): string {
    return this.parts.rootfs.mount(containerId);
  }

  unmount(containerId: string): void {
    this.parts.rootfs.unmount(containerId);
  }

  diff(containerId: string): Promise<Change[]> {
    return this.parts.workers.run({ kind: 'changes', ...this.tree(containerId) });
  }

  async usage(containerId: string): Promise<RootfsUsage> {
    const { rootfs, layers, workers } = this.parts;
    const found = rootfs.record(containerId);
    if (found === undefined) return NOTHING;
    const below = found.chain.reduce((sum, chainId) => sum + (layers.record(chainId)?.bytes ?? 0), 0);
    try {
      const sizeRw = await workers.run({ kind: 'usage', folder: rootfs.mountable(containerId).upperdir });
      return { sizeRw, sizeRootFs: sizeRw + below };
    } catch (error) {
      if (rootfs.record(containerId) === undefined) return NOTHING;
      throw error;
    }
  }

  async remove(containerId: string): Promise<void> {
    const { rootfs, paths } = this.parts;
    await holdingStoreLock(paths.lock, () => rootfs.discard(containerId));
    await emptyTrash(this.parts);
  }

  list(): ReturnType<Snapshots['list']> {
    return this.parts.rootfs.list();
  }

  /** A container's own layer and those below, for a job. */
  tree(containerId: string): OverlaidTree {
    const { upperdir, lowerdirs } = this.parts.rootfs.mountable(containerId);
    const scratch = join(this.parts.paths.scratch, `tree-${process.pid}-${randomBytes(6).toString('hex')}`);
    return { upperdir, lowerdirs, scratch };
  }
}
