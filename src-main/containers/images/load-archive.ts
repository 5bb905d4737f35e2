/** `docker load`: Docker's archives, old (a folder per layer) and new, and OCI layouts, of which new ones are both. */
import { Readable } from 'node:stream';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { describeIssues } from '../../inventory/versioned.ts';
import { decompressed } from '../archive/decompress.ts';
import type { Lease } from '../store/lease.ts';
import { abortable } from './abortable.ts';
import { ArchiveFiles } from './archive-files.ts';
import { storedName } from './image-catalog.ts';
import type { Image, WorkOptions } from './image-store.ts';
import { describeLayer } from './import-rootfs.ts';
import {
  badImage,
  type Descriptor,
  isIndexType,
  isManifestType,
  MEDIA,
  parseConfig,
  parseIndex,
  parseManifest,
} from './manifest.ts';
import { putLeased } from './new-image.ts';
import { choosePlatform, hostPlatform } from './platform.ts';
import { recordImage } from './record-image.ts';
import { formatReference, parseName, parseReference, tryParseName } from './reference.ts';
import { type StoreParts, underLease } from './store-parts.ts';
import { unpackImage } from './unpack-image.ts';

const dockerManifest = z.array(
  z.looseObject({
    Config: z.string(),
    RepoTags: z.nullish(z.array(z.string())),
    Layers: z.nullish(z.array(z.string())),
  }),
);

export function loadArchive(parts: StoreParts, archive: Readable, options: WorkOptions): Promise<Image[]> {
  return underLease(parts, async (lease) => {
    const chunks = abortable(archive, options.signal);
    const unpack = (source: AsyncIterable<Buffer>): Promise<Readable> =>
      decompressed(Readable.from(source, { objectMode: false }));
    const files = await ArchiveFiles.read(parts.content, chunks, unpack, ({ digest }) => lease.add([digest]));
    if (files.find('manifest.json')) return loadDocker(parts, lease, files, options);
    if (files.find('index.json')) return loadLayout(parts, lease, files, options);
    throw new Failure('failed', 'bad-archive', 'archive: holds no images: neither manifest.json nor index.json', {
      hint: 'a root file system is brought in with `import`',
    });
  });
}

async function loadDocker(
  parts: StoreParts,
  lease: Lease,
  files: ArchiveFiles,
  options: WorkOptions,
): Promise<Image[]> {
  const parsed = dockerManifest.safeParse(JSON.parse(files.document('manifest.json')!.toString()));
  if (!parsed.success) throw badImage('manifest.json', describeIssues(parsed.error.issues));
  const images: Image[] = [];
  for (const { Config, RepoTags, Layers } of parsed.data) {
    const bytes = files.document(Config);
    if (!bytes) throw badImage(Config, 'it is not in the archive');
    const config = parseConfig(bytes, (Layers ?? []).length, Config);
    const layers: Descriptor[] = [];
    for (const name of Layers ?? []) {
      const file = files.find(name);
      if (!file) throw badImage(name, 'it is not in the archive');
      layers.push((await describeLayer(parts, file)).descriptor);
    }
    const configDescriptor = { mediaType: MEDIA.ociConfig, ...files.find(Config)! };
    const manifest = { schemaVersion: 2 as const, mediaType: MEDIA.ociManifest, config: configDescriptor, layers };
    const descriptor = await putLeased(parts, lease, JSON.stringify(manifest));
    await unpackImage(parts, lease, { manifest, config }, options);
    const tags = (RepoTags ?? []).map((tag) => tagOf(tag));
    images.push(
      await recordImage(parts, { manifest: { mediaType: MEDIA.ociManifest, ...descriptor }, tags, repoDigests: [] }),
    );
    tellLoaded(images.at(-1)!, RepoTags ?? [], options);
  }
  return images;
}

async function loadLayout(
  parts: StoreParts,
  lease: Lease,
  files: ArchiveFiles,
  options: WorkOptions,
): Promise<Image[]> {
  const images: Image[] = [];
  for (const entry of parseIndex(files.document('index.json')!, 'index.json').manifests) {
    const found = manifestOf(files, entry);
    if (!found) continue;
    const bytes = documentOf(files, found);
    const manifest = parseManifest(bytes, found.digest);
    const config = parseConfig(documentOf(files, manifest.config), manifest.layers.length, found.digest);
    for (const layer of manifest.layers) requireBlob(files, layer);
    await unpackImage(parts, lease, { manifest, config }, options);
    const name =
      entry.annotations?.['io.containerd.image.name'] ?? entry.annotations?.['org.opencontainers.image.ref.name'];
    // A bare tag, as skopeo writes it, names nothing.
    const tags = name !== undefined && /[/:]/.test(name) && tryParseName(name) ? [tagOf(name)] : [];
    images.push(await recordImage(parts, { manifest: found, tags, repoDigests: [] }));
    tellLoaded(
      images.at(-1)!,
      tags.map((tag) => formatReference(parseName(tag))),
      options,
    );
  }
  return images;
}

function manifestOf(files: ArchiveFiles, entry: Descriptor): Descriptor | undefined {
  if (isManifestType(entry.mediaType)) return entry;
  if (!isIndexType(entry.mediaType)) return undefined;
  const { manifests } = parseIndex(documentOf(files, entry), entry.digest);
  return choosePlatform(
    manifests.filter(({ mediaType }) => isManifestType(mediaType)),
    hostPlatform(),
  );
}

function documentOf(files: ArchiveFiles, descriptor: Descriptor): Buffer {
  requireBlob(files, descriptor);
  return files.document(blobName(descriptor))!;
}

function requireBlob(files: ArchiveFiles, descriptor: Descriptor): void {
  const file = files.find(blobName(descriptor));
  if (!file) throw badImage(descriptor.digest, 'it is not in the archive');
  if (file.digest !== descriptor.digest) throw badImage(descriptor.digest, 'its content is something else');
}

const blobName = ({ digest }: Descriptor): string => `blobs/${digest.replace(':', '/')}`;

function tagOf(text: string): string {
  const reference = parseReference(text);
  return storedName(reference, `:${reference.tag ?? 'latest'}`);
}

function tellLoaded({ id }: Image, tags: readonly string[], { progress }: WorkOptions): void {
  if (tags.length === 0) progress?.({ status: `Loaded image ID: ${id}\n` });
  for (const tag of tags) progress?.({ status: `Loaded image: ${tag}\n` });
}
