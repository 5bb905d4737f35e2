import { shortId } from '../store/digest.ts';
import { chainIds } from '../store/layer-store.ts';
import type { Lease } from '../store/lease.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import type { ImageConfig } from './image-config.ts';
import type { WorkOptions } from './image-store.ts';
import { diffIdsOf, type Manifest } from './manifest.ts';
import type { StoreParts } from './store-parts.ts';

/** Unpacks what of an image's layers is not unpacked yet, from the bottom up. */
export async function unpackImage(
  parts: StoreParts,
  lease: Lease,
  { manifest, config }: { readonly manifest: Manifest; readonly config: ImageConfig },
  { progress, signal }: WorkOptions,
): Promise<void> {
  const { content, layers, paths } = parts;
  const diffIds = diffIdsOf(config);
  const chain = chainIds(diffIds);
  await holdingStoreLock(paths.lock, () => lease.add(chain));
  for (const [index, chainId] of chain.entries()) {
    const { digest, size } = manifest.layers[index]!;
    const id = shortId(digest);
    if (!layers.has(chainId)) {
      const step = (current: number): void => progress?.({ status: 'Extracting', id, current, total: size });
      step(0);
      const below = chain.slice(0, index).reverse();
      const job = { blob: content.path(digest), diffId: diffIds[index]!, chainId, below };
      await layers.unpack(job, { signal, progress: step });
      step(size);
    }
    progress?.({ status: 'Pull complete', id });
  }
}
