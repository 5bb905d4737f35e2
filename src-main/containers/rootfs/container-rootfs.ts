/** The containers' own layers: a folder each, with the overlay's two folders and a record of what it lies on. */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { sweepLeftovers, writeFileAtomically } from '../../inventory/atomic-file.ts';
import { type Lineage, readVersioned } from '../../inventory/versioned.ts';
import { unmountLazily } from '../../linux/classic-mount.ts';
import { isMounted, mountOverlay, mountPoints } from './overlay-mount.ts';
import { likeRootBelow } from './root-attributes.ts';
import type { Mountable } from './snapshots.ts';

const record = z.object({
  version: z.literal(1),
  imageId: z.string(),
  /** Of the image, from the bottom up. */
  chain: z.array(z.string()),
});
export type RootfsRecord = z.infer<typeof record>;
const lineage: Lineage<RootfsRecord> = { noun: 'root file system', version: 1, schema: record, steps: {} };

const RECORD = 'rootfs.json';
/** What the engine names containers by. It becomes a folder's name. */
const ID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

export class ContainerRootfs {
  constructor(
    private readonly folder: string,
    private readonly trash: string,
    private readonly filesOf: (chainId: string) => string,
    /** A folder with nothing in it, for an image without layers. */
    private readonly empty: string,
  ) {}

  record(containerId: string): RootfsRecord | undefined {
    try {
      const read = readVersioned(readFileSync(join(this.at(containerId), RECORD), 'utf8'), lineage);
      return 'value' in read ? read.value : undefined;
    } catch {
      return undefined;
    }
  }

  require(containerId: string): RootfsRecord {
    const found = this.record(containerId);
    if (found) return found;
    throw new Failure('not-found', 'no-such-rootfs', `container ${containerId}: has no root file system`);
  }

  /** The record is written last: without it there is nothing. */
  make(containerId: string, made: RootfsRecord): void {
    const folder = this.at(containerId);
    const upper = join(folder, 'upper');
    for (const path of [upper, join(folder, 'work'), join(folder, 'merged')]) {
      mkdirSync(path, { recursive: true, mode: 0o755 });
    }
    likeRootBelow(upper, this.lowerdirs(made)[0]!);
    writeFileAtomically(join(folder, RECORD), JSON.stringify(made));
  }

  mountable(containerId: string): Mountable {
    const folder = this.at(containerId);
    return {
      lowerdirs: this.lowerdirs(this.require(containerId)),
      upperdir: join(folder, 'upper'),
      workdir: join(folder, 'work'),
      target: join(folder, 'merged'),
    };
  }

  mount(containerId: string): string {
    const mountable = this.mountable(containerId);
    if (!isMounted(mountable.target)) mountOverlay(mountable, mountable.target);
    return mountable.target;
  }

  unmount(containerId: string): void {
    const target = join(this.at(containerId), 'merged');
    while (existsSync(target) && unmountLazily(target));
  }

  /** Unmounts it and takes it out of sight, into the trash. */
  discard(containerId: string): void {
    this.unmount(containerId);
    const folder = this.at(containerId);
    if (existsSync(folder)) renameSync(folder, join(this.trash, `rootfs-${process.pid}-${containerId}`));
  }

  /** Takes away what was cut off while it was being made. With the store's lock held. */
  sweep(): void {
    for (const containerId of readdirSync(this.folder)) {
      if (this.record(containerId)) sweepLeftovers(this.at(containerId));
      else this.discard(containerId);
    }
  }

  list(): { containerId: string; imageId: string; chain: readonly string[]; mounted: boolean }[] {
    const mounts = mountPoints();
    return readdirSync(this.folder).flatMap((containerId) => {
      const found = this.record(containerId);
      if (!found) return [];
      const mounted = mounts.has(join(this.at(containerId), 'merged'));
      return [{ containerId, imageId: found.imageId, chain: found.chain, mounted }];
    });
  }

  private lowerdirs({ chain }: RootfsRecord): string[] {
    return chain.length === 0 ? [this.empty] : [...chain].reverse().map(this.filesOf);
  }

  private at(containerId: string): string {
    if (ID.test(containerId)) return join(this.folder, containerId);
    throw new Failure('usage', 'bad-container-id', `${JSON.stringify(containerId)} is not a container's id`);
  }
}
