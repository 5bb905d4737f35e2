import { Failure } from '../../base/failure.ts';
import { collect } from '../store/collect.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { emptyTrash } from './empty-trash.ts';
import { storedName } from './image-catalog.ts';
import type { NamedManifest } from './image-index.ts';
import { imageRoots } from './image-roots.ts';
import type { Pruned, PruneOptions, Removed, RemoveOptions } from './image-store.ts';
import { formatReference, parseName, parseReference, tryParseName } from './reference.ts';
import type { StoreParts } from './store-parts.ts';

/** Takes names away from an image; one that has no tag left goes, with all of it that nothing else needs. */
export async function removeImage(parts: StoreParts, nameOrId: string, options: RemoveOptions): Promise<Removed[]> {
  const removed = await holdingStoreLock(parts.paths.lock, () => {
    const image = parts.catalog.find(nameOrId);
    const names = namesToTake(image, nameOrId, options);
    const rest = image.tags.filter((tag) => !names.includes(tag));
    const goes = rest.length === 0;
    if (goes) refuseWhileUsed(parts, image, nameOrId, options);
    parts.index.update((images) =>
      images.flatMap((one) => {
        if (one.manifest.digest !== image.manifest.digest) return [one];
        return goes ? [] : [{ ...one, tags: rest }];
      }),
    );
    const digests = goes ? image.repoDigests : [];
    const untagged = [...names, ...digests].map((name) => ({ untagged: formatReference(parseName(name)) }));
    if (!goes) return untagged;
    const id = idOf(parts, image);
    collect(parts, imageRoots(parts));
    return [...untagged, { deleted: id }];
  });
  await emptyTrash(parts);
  return removed;
}

/** Those without a tag, or all that no container uses. */
export async function pruneImages(parts: StoreParts, { dangling = true, matches }: PruneOptions): Promise<Pruned> {
  const pruned = await holdingStoreLock(parts.paths.lock, () => {
    const used = new Set(parts.rootfs.list().map(({ imageId }) => imageId));
    const doomed = parts.index.images().filter((named) => {
      if (dangling && named.tags.length > 0) return false;
      const image = tryRead(parts, named);
      return image !== undefined && !used.has(image.id) && (matches?.(image) ?? true);
    });
    const removed = doomed.flatMap((named): Removed[] => [
      ...[...named.tags, ...named.repoDigests].map((name) => ({ untagged: formatReference(parseName(name)) })),
      { deleted: idOf(parts, named) },
    ]);
    const gone = new Set(doomed.map(({ manifest }) => manifest.digest));
    if (gone.size > 0) parts.index.update((images) => images.filter(({ manifest }) => !gone.has(manifest.digest)));
    return { removed, reclaimedBytes: collect(parts, imageRoots(parts)) };
  });
  await emptyTrash(parts);
  return pruned;
}

/** By a name: that name. By an id: all names, if there is but one or it is forced. */
function namesToTake(image: NamedManifest, nameOrId: string, { force }: RemoveOptions): readonly string[] {
  const name = tryParseName(nameOrId) && parseReference(nameOrId);
  const tag = name?.tag === undefined ? undefined : storedName(name, `:${name.tag}`);
  if (tag !== undefined && image.tags.includes(tag)) return [tag];
  if (image.tags.length > 1 && !force) {
    throw new Failure('state', 'image-has-names', `image ${nameOrId}: cannot be removed: it has several names`, {
      hint: 'remove them one by one, or all at once with --force',
      facts: { names: image.tags.length },
    });
  }
  return image.tags;
}

function refuseWhileUsed(parts: StoreParts, image: NamedManifest, nameOrId: string, options: RemoveOptions): void {
  const id = tryRead(parts, image)?.id;
  const others = parts.index.images().some((one) => one !== image && tryRead(parts, one)?.id === id);
  if (others) return;
  for (const { containerId, imageId } of parts.rootfs.list()) {
    if (imageId !== id) continue;
    const running = options.isRunning?.(containerId) ?? false;
    if (!running && options.force) continue;
    const short = containerId.slice(0, 12);
    const state = running ? 'running ' : '';
    throw new Failure(
      'state',
      'image-in-use',
      `image ${nameOrId}: cannot be removed: ${state}container ${short} uses it`,
      {
        hint: running ? 'stop and remove the container first' : 'remove the container first, or use --force',
        facts: { container: containerId, running },
      },
    );
  }
}

const tryRead = (parts: StoreParts, named: NamedManifest): ReturnType<typeof parts.catalog.read> | undefined => {
  try {
    return parts.catalog.read(named);
  } catch {
    return undefined;
  }
};

const idOf = (parts: StoreParts, named: NamedManifest): string => tryRead(parts, named)?.id ?? named.manifest.digest;
