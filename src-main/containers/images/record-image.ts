import { Fd, O } from '../../linux/fd.ts';
import { syncFileSystem } from '../../linux/file-system.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { withImage } from './image-index.ts';
import type { Image } from './image-store.ts';
import { type Descriptor, MEDIA } from './manifest.ts';
import type { StoreParts } from './store-parts.ts';

export interface NewImage {
  readonly manifest: Pick<Descriptor, 'digest' | 'size' | 'mediaType' | 'platform'>;
  readonly tags: readonly string[];
  readonly repoDigests: readonly string[];
}

/** Makes an image known, once all its files are on the disk: what the index names is whole, also after a power cut. */
export async function recordImage(parts: StoreParts, { manifest, tags, repoDigests }: NewImage): Promise<Image> {
  const { paths, index, catalog } = parts;
  const root = Fd.open(paths.root, O.RDONLY);
  try {
    await syncFileSystem(root.number, paths.root);
  } finally {
    root.dispose();
  }
  const { digest, size, mediaType, platform } = manifest;
  const descriptor: Descriptor = { mediaType: mediaType || MEDIA.ociManifest, digest, size };
  if (platform) descriptor.platform = platform;
  await holdingStoreLock(paths.lock, () =>
    index.update((images) => withImage(images, { manifest: descriptor, tags, repoDigests })),
  );
  catalog.forget(digest);
  return catalog.read(index.images().find((image) => image.manifest.digest === digest)!);
}
