/** Unpacked layers, by chain ID: OCI image 1.1 config.md §Layer ChainID. A layer's folder appears whole or not at all. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { currentBootId } from '../../inventory/last-run.ts';
import { type Lineage, readVersioned } from '../../inventory/versioned.ts';
import type { JobWatch, LayerWorkers } from '../rootfs/layer-workers.ts';
import { type Digest, digestOf, hexOf } from './digest.ts';
import { holdingStoreLock } from './store-lock.ts';
import type { StorePaths } from './store-paths.ts';

const record = z.object({
  version: z.literal(1),
  diffId: z.string(),
  /** Bytes of its files. */
  bytes: z.int(),
  skippedDevices: z.int(),
  /** What was written since the computer started may not have reached the disk when it stops. */
  bootId: z.string(),
});
export type LayerRecord = z.infer<typeof record>;
const lineage: Lineage<LayerRecord> = { noun: 'layer', version: 1, schema: record, steps: {} };

const FILES = 'files';
const RECORD = 'layer.json';

/** From the bottom up: each names a layer together with all below it. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) chain.push(chain.length === 0 ? diffId : digestOf(`${chain.at(-1)} ${diffId}`));
  return chain;
}

export interface LayerToUnpack {
  readonly blob: string;
  readonly diffId: Digest;
  /** Of itself and, top first, of the layers below. */
  readonly chainId: Digest;
  readonly below: readonly Digest[];
}

export class LayerStore {
  constructor(
    private readonly paths: StorePaths,
    private readonly workers: LayerWorkers,
  ) {}

  has(chainId: Digest): boolean {
    return existsSync(this.folder(chainId));
  }

  files(chainId: Digest): string {
    return join(this.folder(chainId), FILES);
  }

  record(chainId: Digest): LayerRecord | undefined {
    try {
      const read = readVersioned(readFileSync(join(this.folder(chainId), RECORD), 'utf8'), lineage);
      return 'value' in read ? read.value : undefined;
    } catch {
      return undefined;
    }
  }

  /** Unpacks a layer, unless it is there. Of two that do so at once, the later one's work is thrown away. */
  async unpack({ blob, diffId, chainId, below }: LayerToUnpack, watch: JobWatch): Promise<void> {
    if (this.has(chainId)) return;
    const scratch = join(this.paths.scratch, `layer-${process.pid}-${randomBytes(6).toString('hex')}`);
    const files = join(scratch, FILES);
    mkdirSync(files, { recursive: true, mode: 0o755 });
    try {
      const parents = below.map((parent) => this.files(parent));
      const apply = {
        kind: 'apply',
        blob,
        parents,
        folder: files,
        scratch: `${scratch}.work`,
        diffId,
        whiteouts: true,
      } as const;
      const { bytes, skippedDevices } = await this.workers.run(apply, watch);
      const layer: LayerRecord = { version: 1, diffId, bytes, skippedDevices, bootId: currentBootId() };
      writeFileSync(join(scratch, RECORD), JSON.stringify(layer));
      await holdingStoreLock(this.paths.lock, () => {
        if (!this.has(chainId)) renameSync(scratch, this.folder(chainId));
      });
    } finally {
      await this.workers.run({ kind: 'remove', folders: [scratch, `${scratch}.work`] });
    }
  }

  all(): Digest[] {
    return readdirSync(this.paths.layers)
      .filter((name) => /^[0-9a-f]{64}$/.test(name))
      .map((name) => `sha256:${name}`);
  }

  /** With the store's lock held: takes it out of sight; the trash is emptied later. */
  discard(chainId: Digest): void {
    renameSync(this.folder(chainId), join(this.paths.trash, `${hexOf(chainId)}-${randomBytes(4).toString('hex')}`));
  }

  private folder(chainId: Digest): string {
    return join(this.paths.layers, hexOf(chainId));
  }
}
