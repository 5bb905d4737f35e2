import type { ContentDescriptor } from '../store/content-store.ts';
import type { Lease } from '../store/lease.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { storedName } from './image-catalog.ts';
import type { ImageConfig } from './image-config.ts';
import type { Image, WorkOptions } from './image-store.ts';
import { type Descriptor, type Manifest, MEDIA } from './manifest.ts';
import { recordImage } from './record-image.ts';
import { parseReference } from './reference.ts';
import type { StoreParts } from './store-parts.ts';
import { unpackImage } from './unpack-image.ts';

/** An image made here: its layers are in the store already, its config and manifest are written now. */
export interface MadeImage {
  readonly layers: readonly Descriptor[];
  readonly config: ImageConfig;
  readonly reference?: string | undefined;
}

export async function makeImage(
  parts: StoreParts,
  lease: Lease,
  { layers, config, reference }: MadeImage,
  options: WorkOptions,
): Promise<Image> {
  const name = reference ? parseReference(reference) : undefined;
  const configDescriptor = await putLeased(parts, lease, JSON.stringify(config));
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: MEDIA.ociManifest,
    config: { mediaType: MEDIA.ociConfig, ...configDescriptor },
    layers: [...layers],
  };
  const descriptor = await putLeased(parts, lease, JSON.stringify(manifest));
  await unpackImage(parts, lease, { manifest, config }, options);
  return recordImage(parts, {
    manifest: { mediaType: MEDIA.ociManifest, ...descriptor },
    tags: name?.tag === undefined ? [] : [storedName(name, `:${name.tag}`)],
    repoDigests: [],
  });
}

/** A document that is in the store, and held by the lease, when this returns. */
export async function putLeased(parts: StoreParts, lease: Lease, document: string): Promise<ContentDescriptor> {
  return holdingStoreLock(parts.paths.lock, () => {
    const descriptor = parts.content.put(document);
    lease.add([descriptor.digest]);
    return descriptor;
  });
}
