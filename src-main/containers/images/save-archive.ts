/** `docker save`: one archive that is Docker's (manifest.json) and an OCI layout (index.json), as Docker 25 writes it. */
import { createReadStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { tarEnd, tarHeader, tarPadding } from '../archive/tar-writer.ts';
import { type Digest, hexOf } from '../store/digest.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { storedName } from './image-catalog.ts';
import type { NamedManifest } from './image-index.ts';
import type { WorkOptions } from './image-store.ts';
import { MEDIA } from './manifest.ts';
import { formatReference, parseName, parseReference, tryParseName } from './reference.ts';
import { type StoreParts, underLease } from './store-parts.ts';

interface Saved {
  readonly named: NamedManifest;
  /** The names it is to have in the archive: those asked for. */
  readonly tags: readonly string[];
}

export function saveArchive(
  parts: StoreParts,
  namesOrIds: readonly string[],
  archive: Writable,
  { signal }: WorkOptions,
): Promise<void> {
  return underLease(parts, async (lease) => {
    const images = gather(parts, namesOrIds);
    const blobs = new Set<Digest>();
    for (const { named } of images) {
      const { config, layers } = parts.catalog.manifest(named.manifest.digest);
      for (const digest of [named.manifest.digest, config.digest, ...layers.map((layer) => layer.digest)])
        blobs.add(digest);
    }
    await holdingStoreLock(parts.paths.lock, () => lease.add([...blobs]));
    await pipeline(Readable.from(archiveOf(parts, images, blobs)), archive, signal ? { signal } : {});
  });
}

function gather({ catalog }: StoreParts, namesOrIds: readonly string[]): Saved[] {
  const found = new Map<Digest, { named: NamedManifest; tags: string[] }>();
  for (const text of namesOrIds) {
    const named = catalog.find(text);
    const saved = found.get(named.manifest.digest) ?? { named, tags: [] };
    found.set(named.manifest.digest, saved);
    const name = tryParseName(text) && parseReference(text);
    const tag = name?.tag === undefined ? undefined : storedName(name, `:${name.tag}`);
    if (tag !== undefined && named.tags.includes(tag)) saved.tags.push(tag);
  }
  return [...found.values()];
}

async function* archiveOf(
  parts: StoreParts,
  images: readonly Saved[],
  blobs: ReadonlySet<Digest>,
): AsyncGenerator<Buffer> {
  const { catalog, content } = parts;
  const manifests = images.flatMap(({ named: { manifest }, tags }) => {
    const { mediaType, digest, size } = manifest;
    const annotated = tags.map((tag) => ({
      mediaType,
      digest,
      size,
      annotations: {
        'io.containerd.image.name': tag,
        'org.opencontainers.image.ref.name': tag.slice(tag.lastIndexOf(':') + 1),
      },
    }));
    return annotated.length > 0 ? annotated : [{ mediaType, digest, size }];
  });
  const docker = images.map(({ named, tags }) => {
    const { config, layers } = catalog.manifest(named.manifest.digest);
    return {
      Config: blobName(config.digest),
      RepoTags: tags.length > 0 ? tags.map((tag) => formatReference(parseName(tag))) : null,
      Layers: layers.map(({ digest }) => blobName(digest)),
    };
  });
  yield folder('blobs');
  yield folder('blobs/sha256');
  for (const digest of [...blobs].sort()) {
    const size = content.size(digest);
    yield header(blobName(digest), size);
    for await (const chunk of createReadStream(content.path(digest), { highWaterMark: 1 << 18 })) yield chunk as Buffer;
    yield tarPadding(size);
  }
  yield* document('index.json', { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests });
  yield* document('manifest.json', docker);
  yield* document('oci-layout', { imageLayoutVersion: '1.0.0' });
  yield tarEnd();
}

const blobName = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

function* document(name: string, value: unknown): Generator<Buffer> {
  const bytes = Buffer.from(JSON.stringify(value));
  yield header(name, bytes.length);
  yield bytes;
  yield tarPadding(bytes.length);
}

const folder = (name: string): Buffer => header(name, 0, 'directory');

function header(name: string, size: number, type: 'file' | 'directory' = 'file'): Buffer {
  return tarHeader({
    type,
    name,
    link: '',
    mode: type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size,
    seconds: 0,
    nanoseconds: 0,
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: new Map(),
  });
}
