import { Failure } from '../../base/failure.ts';
import { pushBlob } from '../registry/push-blob.ts';
import { RegistryClient } from '../registry/registry-client.ts';
import { shortId } from '../store/digest.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { storedName } from './image-catalog.ts';
import { withImage } from './image-index.ts';
import type { Pushed, TransferOptions } from './image-store.ts';
import { inParallel } from './in-parallel.ts';
import type { Descriptor } from './manifest.ts';
import { parseName, parseReference, type Reference } from './reference.ts';
import { type StoreParts, underLease } from './store-parts.ts';

const UPLOADS_AT_ONCE = 3;
const PROGRESS_BYTES = 512 << 10;

export function pushImage(parts: StoreParts, text: string, options: TransferOptions): Promise<Pushed> {
  const reference = parseReference(text);
  const { registry, repository, tag } = reference;
  if (tag === undefined) throw new Failure('usage', 'bad-reference', `${text}: push a tag, not a digest`);
  const { auth, signal, progress } = options;
  return underLease(parts, async (lease) => {
    const named = parts.catalog.find(text);
    const manifest = parts.catalog.manifest(named.manifest.digest);
    const blobs = [...manifest.layers, manifest.config];
    await holdingStoreLock(parts.paths.lock, () =>
      lease.add([named.manifest.digest, ...blobs.map(({ digest }) => digest)]),
    );
    const client = await RegistryClient.connect(registry, repository, 'pull,push', { auth, signal });
    progress?.({ status: `The push refers to repository [${registry}/${repository}]` });
    for (const layer of manifest.layers) progress?.({ status: 'Preparing', id: shortId(layer.digest) });
    const from = sameRegistry(reference, named.repoDigests);
    await inParallel(blobs, UPLOADS_AT_ONCE, (blob) =>
      pushOne(parts, client, { blob, from }, options, manifest.config),
    );
    const bytes = parts.content.document(named.manifest.digest);
    const headers = { 'content-type': named.manifest.mediaType };
    await client.expect(await client.ask('PUT', `manifests/${tag}`, { headers, body: () => bytes }), [201]);
    const pushed = { tag, digest: named.manifest.digest, size: bytes.length };
    const repoDigests = [storedName(reference, `@${pushed.digest}`)];
    await holdingStoreLock(parts.paths.lock, () =>
      parts.index.update((images) => withImage(images, { manifest: named.manifest, tags: [], repoDigests })),
    );
    progress?.({ status: `${tag}: digest: ${pushed.digest} size: ${pushed.size}` });
    return pushed;
  });
}

async function pushOne(
  { content }: StoreParts,
  client: RegistryClient,
  { blob, from }: { blob: Descriptor; from: string | undefined },
  { progress }: TransferOptions,
  config: Descriptor,
): Promise<void> {
  const id = shortId(blob.digest);
  const shown = blob !== config;
  let told = 0;
  const sent = (current: number): void => {
    if (!shown || (current - told < PROGRESS_BYTES && current < blob.size)) return;
    told = current;
    progress?.({ status: 'Pushing', id, current, total: blob.size });
  };
  const { digest, size } = blob;
  const how = await pushBlob(client, { digest, size, path: content.path(digest), from }, sent);
  const words = { existed: 'Layer already exists', mounted: `Mounted from ${from}`, uploaded: 'Pushed' };
  if (shown) progress?.({ status: words[how], id });
}

/** Another repository of the registry that is known to have the image. */
function sameRegistry({ registry, repository }: Reference, repoDigests: readonly string[]): string | undefined {
  return repoDigests.map(parseName).find((other) => other.registry === registry && other.repository !== repository)
    ?.repository;
}
