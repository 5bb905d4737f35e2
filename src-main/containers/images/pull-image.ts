import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../base/failure.ts';
import { type FetchedManifest, RegistryClient } from '../registry/registry-client.ts';
import { shortId } from '../store/digest.ts';
import { chainIds } from '../store/layer-store.ts';
import type { Lease } from '../store/lease.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { storedName } from './image-catalog.ts';
import type { ImageConfig } from './image-config.ts';
import type { Image, Progress, PullOptions } from './image-store.ts';
import { inParallel } from './in-parallel.ts';
import {
  type Descriptor,
  diffIdsOf,
  isIndexType,
  isManifestType,
  type Manifest,
  MEDIA,
  parseConfig,
  parseIndex,
  parseManifest,
} from './manifest.ts';
import { choosePlatform, formatPlatform, hostPlatform, type Platform, parsePlatform } from './platform.ts';
import { recordImage } from './record-image.ts';
import { formatReference, parseReference, type Reference } from './reference.ts';
import { type StoreParts, underLease } from './store-parts.ts';
import { unpackImage } from './unpack-image.ts';

/** Docker's own default. */
const DOWNLOADS_AT_ONCE = 3;
const ATTEMPTS = 5;
const PAUSE_MS = 300;
/** A progress line for each chunk would be more than anybody reads. */
const PROGRESS_BYTES = 256 << 10;

const ACCEPT = [MEDIA.ociIndex, MEDIA.dockerList, MEDIA.ociManifest, MEDIA.dockerManifest];

export function pullImage(parts: StoreParts, text: string, options: PullOptions): Promise<Image> {
  const reference = parseReference(text);
  return underLease(parts, async (lease) => {
    const { auth, signal, progress } = options;
    const { registry, repository, tag, digest } = reference;
    const client = await RegistryClient.connect(registry, repository, 'pull', { auth, signal });
    progress?.({ status: `Pulling from ${repository}`, id: tag ?? digest! });
    const top = await client.manifest(digest ?? tag!, ACCEPT);
    const chosen = await chooseManifest(client, top, wantedPlatform(options.platform), reference);
    const manifest = parseManifest(chosen.bytes, formatReference(reference));
    const before = parts.catalog.tryFind(formatReference(reference))?.manifest.digest;
    const image = await takeIn(parts, lease, { client, reference, top, chosen, manifest }, options);
    progress?.({ status: `Digest: ${top.digest}` });
    const news = before === chosen.digest ? 'Image is up to date' : 'Downloaded newer image';
    progress?.({ status: `Status: ${news} for ${formatReference(reference)}` });
    return image;
  });
}

interface Pulled {
  readonly client: RegistryClient;
  readonly reference: Reference;
  /** What the name stands for: perhaps an index. */
  readonly top: FetchedManifest;
  readonly chosen: FetchedManifest;
  readonly manifest: Manifest;
}

async function takeIn(parts: StoreParts, lease: Lease, pulled: Pulled, options: PullOptions): Promise<Image> {
  const { client, reference, top, chosen, manifest } = pulled;
  const { content, paths } = parts;
  const blobs = [manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)];
  await holdingStoreLock(paths.lock, () => lease.add([chosen.digest, ...blobs]));
  content.put(chosen.bytes);
  await download(parts, client, manifest.config, () => undefined, options.signal);
  const config = parseConfig(
    content.document(manifest.config.digest),
    manifest.layers.length,
    formatReference(reference),
  );
  await holdingStoreLock(paths.lock, () => lease.add(chainIds(diffIdsOf(config))));
  await fetchLayers(parts, client, { manifest, config }, options);
  await unpackImage(parts, lease, { manifest, config }, options);
  const { tag } = reference;
  return recordImage(parts, {
    manifest: { digest: chosen.digest, size: chosen.bytes.length, mediaType: chosen.mediaType },
    tags: tag === undefined ? [] : [storedName(reference, `:${tag}`)],
    repoDigests: [storedName(reference, `@${top.digest}`)],
  });
}

function wantedPlatform(text: string | undefined): Platform {
  return text ? parsePlatform(text) : hostPlatform();
}

async function chooseManifest(
  client: RegistryClient,
  top: FetchedManifest,
  platform: Platform,
  reference: Reference,
): Promise<FetchedManifest> {
  const name = formatReference(reference);
  if (isManifestType(top.mediaType)) return top;
  if (!isIndexType(top.mediaType)) {
    throw new Failure('failed', 'bad-image', `${name}: is of a kind (${top.mediaType.slice(0, 100)}) that is no image`);
  }
  const entry = choosePlatform(parseIndex(top.bytes, name).manifests, platform);
  if (!entry) {
    throw new Failure('not-found', 'no-such-platform', `${name}: there is none for ${formatPlatform(platform)}`, {
      hint: 'ask for another with --platform',
    });
  }
  const chosen = await client.manifest(entry.digest, ACCEPT);
  return { ...chosen, mediaType: entry.mediaType };
}

/** Downloads the layers that are neither here nor unpacked. */
async function fetchLayers(
  parts: StoreParts,
  client: RegistryClient,
  { manifest, config }: { manifest: Manifest; config: ImageConfig },
  { progress, signal }: PullOptions,
): Promise<void> {
  const tell = (layer: Descriptor, step: Omit<Progress, 'id'>): void =>
    progress?.({ ...step, id: shortId(layer.digest) });
  const chain = chainIds(diffIdsOf(config));
  const wanted = manifest.layers.filter((layer, index) => {
    const here = parts.content.has(layer.digest);
    tell(layer, { status: here && parts.layers.has(chain[index]!) ? 'Already exists' : 'Pulling fs layer' });
    return !here;
  });
  for (const layer of wanted.slice(DOWNLOADS_AT_ONCE)) tell(layer, { status: 'Waiting' });
  await inParallel(wanted, DOWNLOADS_AT_ONCE, async (layer) => {
    let told = 0;
    const seen = (current: number): void => {
      if (current - told < PROGRESS_BYTES && current < layer.size) return;
      told = current;
      tell(layer, { status: 'Downloading', current, total: layer.size });
      if (current >= layer.size) tell(layer, { status: 'Verifying Checksum' });
    };
    await download(parts, client, layer, seen, signal);
    tell(layer, { status: 'Download complete' });
  });
}

/** Downloads a blob; when the connection breaks, it goes on where that was. */
async function download(
  { content }: StoreParts,
  client: RegistryClient,
  blob: Descriptor,
  seen: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await content.take(blob, (offset) => client.blob(blob.digest, offset), seen);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      const passing = error instanceof Failure && error.code === 'transfer-cut';
      if (!passing || attempt === ATTEMPTS) throw error;
      await sleep(PAUSE_MS * attempt, undefined, signal ? { signal } : {});
    }
  }
}
