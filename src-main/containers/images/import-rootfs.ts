import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { compressionOf, decompressed } from '../archive/decompress.ts';
import type { ContentDescriptor } from '../store/content-store.ts';
import type { Digest } from '../store/digest.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { abortable } from './abortable.ts';
import { applyChanges } from './dockerfile-changes.ts';
import type { Image, ImportOptions } from './image-store.ts';
import { type Descriptor, MEDIA } from './manifest.ts';
import { makeImage } from './new-image.ts';
import { hostPlatform, parsePlatform } from './platform.ts';
import { parseReference } from './reference.ts';
import { type StoreParts, underLease } from './store-parts.ts';

/** An image of one layer: the tar as it came. */
export function importRootfs(parts: StoreParts, rootfs: Readable, options: ImportOptions): Promise<Image> {
  const { reference, message = '', changes = [], platform, signal } = options;
  if (reference) parseReference(reference);
  const run = applyChanges({}, changes);
  return underLease(parts, async (lease) => {
    const blob = await parts.content.takeAny(abortable(rootfs, signal));
    await holdingStoreLock(parts.paths.lock, () => lease.add([blob.digest]));
    const layer = await describeLayer(parts, blob);
    const created = new Date().toISOString();
    const config = {
      created,
      ...(platform ? parsePlatform(platform) : hostPlatform()),
      config: run,
      rootfs: { type: 'layers', diff_ids: [layer.diffId] },
      history: [{ created, comment: message || 'Imported from -' }],
    };
    return makeImage(parts, lease, { layers: [layer.descriptor], config, reference }, options);
  });
}

/** What a layer's blob is, by looking at it. */
export async function describeLayer(
  { content }: Pick<StoreParts, 'content'>,
  { digest, size }: ContentDescriptor,
): Promise<{ descriptor: Descriptor; diffId: Digest }> {
  const hash = createHash('sha256');
  let start: Buffer | undefined;
  const source = content.open(digest);
  source.once('data', (chunk: Buffer) => {
    start = chunk;
  });
  source.pause();
  for await (const chunk of await decompressed(source)) hash.update(chunk as Buffer);
  const compression = compressionOf(start ?? Buffer.alloc(0));
  const mediaType = { none: MEDIA.ociLayer, gzip: MEDIA.ociLayerGzip, zstd: MEDIA.ociLayerZstd }[compression];
  return { descriptor: { mediaType, digest, size }, diffId: `sha256:${hash.digest('hex')}` };
}
