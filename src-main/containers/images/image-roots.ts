import type { Roots } from '../store/collect.ts';
import type { Digest } from '../store/digest.ts';
import { chainIds } from '../store/layer-store.ts';
import { diffIdsOf, parseConfig } from './manifest.ts';
import type { StoreParts } from './store-parts.ts';

/** Everything images and containers refer to. With the store's lock held. */
export function imageRoots({ index, content, catalog, rootfs }: StoreParts): Roots {
  const blobs = new Set<Digest>();
  const layers = new Set<Digest>();
  for (const { manifest: descriptor } of index.images()) {
    blobs.add(descriptor.digest);
    try {
      const manifest = catalog.manifest(descriptor.digest);
      for (const { digest } of [manifest.config, ...manifest.layers]) blobs.add(digest);
      const config = parseConfig(content.document(manifest.config.digest), undefined, descriptor.digest);
      for (const chainId of chainIds(diffIdsOf(config))) layers.add(chainId);
    } catch {
      // A damaged image holds what can still be told to be its own.
    }
  }
  for (const { chain } of rootfs.list()) for (const chainId of chain) layers.add(chainId);
  return { blobs, layers };
}
