/** The store's index.json: which images there are and what they are called. OCI image 1.1 image-layout.md §index.json. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { writeFileAtomically } from '../../inventory/atomic-file.ts';
import type { Digest } from '../store/digest.ts';
import { type Descriptor, type Index, MEDIA, parseIndex } from './manifest.ts';

/** OCI image 1.1 annotations.md; other tools find images by it. */
const REF_NAME = 'org.opencontainers.image.ref.name';
/** Ours, for what OCI has no word for: the name and digest a registry knows it by. */
const REPO_DIGEST = 'bulkhead.repo-digest';

export interface NamedManifest {
  readonly manifest: Descriptor;
  /** `docker.io/library/busybox:latest`. */
  readonly tags: readonly string[];
  /** `docker.io/library/busybox@sha256:…`. */
  readonly repoDigests: readonly string[];
}

/** One entry per name, and one for an image that has none: that is how other tools read it. */
export class ImageIndex {
  private cached: { stamp: string; images: NamedManifest[] } | undefined;

  constructor(private readonly path: string) {}

  /** In the order they came. */
  images(): readonly NamedManifest[] {
    const stamp = this.stamp();
    if (this.cached?.stamp !== stamp) this.cached = { stamp, images: stamp === '' ? [] : readImages(this.path) };
    return this.cached.images;
  }

  /** With the store's lock held: replaces all images with what `change` makes of them. */
  update(change: (images: readonly NamedManifest[]) => readonly NamedManifest[]): void {
    this.cached = undefined;
    const manifests = change(this.images()).flatMap(entriesOf);
    const index: Index = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests };
    writeFileAtomically(this.path, `${JSON.stringify(index, null, 1)}\n`);
    this.cached = undefined;
  }

  /** Changes whenever the file is replaced, by whichever process. */
  private stamp(): string {
    if (!existsSync(this.path)) return '';
    const { ino, mtimeNs, size } = statSync(this.path, { bigint: true });
    return `${ino}:${mtimeNs}:${size}`;
  }
}

/** Adds an image, or names to it. A tag that another image had is taken from that. */
export function withImage(images: readonly NamedManifest[], added: NamedManifest): NamedManifest[] {
  const rest = images.map((image) => ({ ...image, tags: image.tags.filter((tag) => !added.tags.includes(tag)) }));
  const same = rest.find((image) => image.manifest.digest === added.manifest.digest);
  if (!same) return [...rest, added];
  const merged = {
    manifest: same.manifest,
    tags: [...same.tags, ...added.tags],
    repoDigests: [...new Set([...same.repoDigests, ...added.repoDigests])],
  };
  return rest.map((image) => (image === same ? merged : image));
}

function readImages(path: string): NamedManifest[] {
  const found = new Map<Digest, { manifest: Descriptor; tags: string[]; repoDigests: string[] }>();
  for (const { annotations = {}, ...manifest } of parseIndex(readFileSync(path), path).manifests) {
    const fresh: { manifest: Descriptor; tags: string[]; repoDigests: string[] } = {
      manifest,
      tags: [],
      repoDigests: [],
    };
    const image = found.get(manifest.digest) ?? fresh;
    found.set(manifest.digest, image);
    if (annotations[REF_NAME] !== undefined) image.tags.push(annotations[REF_NAME]);
    if (annotations[REPO_DIGEST] !== undefined) image.repoDigests.push(annotations[REPO_DIGEST]);
  }
  return [...found.values()];
}

function entriesOf({ manifest, tags, repoDigests }: NamedManifest): Descriptor[] {
  const { mediaType, digest, size, platform } = manifest;
  const plain = { mediaType, digest, size, ...(platform === undefined ? {} : { platform }) };
  const named = [
    ...tags.map((tag) => ({ ...plain, annotations: { [REF_NAME]: tag } })),
    ...repoDigests.map((name) => ({ ...plain, annotations: { [REPO_DIGEST]: name } })),
  ];
  return named.length > 0 ? named : [plain];
}
