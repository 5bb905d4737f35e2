import { Failure } from '../../base/failure.ts';
import type { ContentStore } from '../store/content-store.ts';
import type { Digest } from '../store/digest.ts';
import { chainIds, type LayerStore } from '../store/layer-store.ts';
import type { ImageIndex, NamedManifest } from './image-index.ts';
import type { Image } from './image-store.ts';
import { diffIdsOf, type Manifest, parseConfig, parseManifest } from './manifest.ts';
import { familiarName, formatReference, parseName, parseReference, tryParseName } from './reference.ts';

/** What never changes about an image: it follows from its manifest's digest. */
type Content = Omit<Image, 'repoTags' | 'repoDigests'>;

const ID_PREFIX = /^(?:sha256:)?([0-9a-f]{1,64})$/;
const ZERO_TIME = '1970-01-01T00:00:00Z';

/** The images there are, found by what people call them. */
export class ImageCatalog {
  private readonly contents = new Map<Digest, Content>();

  constructor(
    private readonly index: ImageIndex,
    private readonly content: ContentStore,
    private readonly layers: LayerStore,
  ) {}

  /** Latest first. What cannot be read any more is left out. */
  list(): Image[] {
    const images = this.index.images().flatMap((named) => this.tryRead(named) ?? []);
    return images.sort((a, b) => (a.created < b.created ? 1 : -1));
  }

  resolve(nameOrId: string): Image {
    return this.read(this.find(nameOrId));
  }

  find(nameOrId: string): NamedManifest {
    const found = this.tryFind(nameOrId);
    if (found) return found;
    throw new Failure('not-found', 'no-such-image', `No such image: ${nameOrId}`, {
      hint: 'pull it first, or look at `bulkhead images`',
    });
  }

  tryFind(nameOrId: string): NamedManifest | undefined {
    const images = this.index.images();
    return this.byName(images, nameOrId) ?? this.byId(images, nameOrId);
  }

  read(named: NamedManifest): Image {
    const content = this.contentOf(named.manifest.digest);
    const repoTags = named.tags.map((tag) => formatReference(parseName(tag)));
    const repoDigests = named.repoDigests.map((name) => formatReference(parseName(name)));
    return { ...content, repoTags, repoDigests };
  }

  manifest(digest: Digest): Manifest {
    return parseManifest(this.content.document(digest), digest);
  }

  /** Forgets what was known of images, since their layers may have been unpacked meanwhile. */
  forget(digest: Digest): void {
    this.contents.delete(digest);
  }

  private tryRead(named: NamedManifest): Image | undefined {
    try {
      return this.read(named);
    } catch {
      return undefined;
    }
  }

  private contentOf(digest: Digest): Content {
    const known = this.contents.get(digest);
    if (known) return known;
    const manifest = this.manifest(digest);
    const config = parseConfig(this.content.document(manifest.config.digest), manifest.layers.length, digest);
    const diffIds = diffIdsOf(config);
    const sizes = chainIds(diffIds).map((chainId) => this.layers.record(chainId)?.bytes ?? 0);
    let next = 0;
    const history = (config.history ?? []).map((entry) => ({
      ...entry,
      size: entry.empty_layer ? 0 : (sizes[next++] ?? 0),
    }));
    const content: Content = {
      id: manifest.config.digest,
      config,
      size: sizes.reduce((sum, size) => sum + size, 0),
      layers: manifest.layers.map((layer, index) => ({
        digest: layer.digest,
        mediaType: layer.mediaType,
        size: layer.size,
        diffId: diffIds[index]!,
      })),
      history,
      created: config.created ?? ZERO_TIME,
      manifestDigest: digest,
    };
    this.contents.set(digest, content);
    return content;
  }

  private byName(images: readonly NamedManifest[], text: string): NamedManifest | undefined {
    if (!tryParseName(text)) return undefined;
    const reference = parseReference(text);
    const { registry, repository, tag, digest } = reference;
    const name = `${registry}/${repository}`;
    if (digest === undefined) return images.find(({ tags }) => tags.includes(`${name}:${tag}`));
    return images.find(
      ({ manifest, tags, repoDigests }) =>
        repoDigests.includes(`${name}@${digest}`) ||
        (manifest.digest === digest && tags.some((one) => one.startsWith(`${name}:`))),
    );
  }

  /** An unambiguous beginning of an image's id is enough; an image's id in full may be that of its manifest too. */
  private byId(images: readonly NamedManifest[], text: string): NamedManifest | undefined {
    const prefix = ID_PREFIX.exec(text)?.[1];
    if (prefix === undefined) return undefined;
    const begins = (digest: Digest): boolean => digest.startsWith(`sha256:${prefix}`);
    const fitting = images.filter((named) => {
      const image = this.tryRead(named);
      return image !== undefined && (begins(image.id) || image.manifestDigest === `sha256:${prefix}`);
    });
    const ids = new Set(fitting.map((named) => this.read(named).id));
    if (ids.size > 1) throw new Failure('usage', 'ambiguous-id', `image id ${text}: is the beginning of several`);
    return fitting[0];
  }
}

/** As the index stores a name with its tag or digest. */
export function storedName(reference: { registry: string; repository: string }, suffix: string): string {
  return `${reference.registry}/${reference.repository}${suffix}`;
}

export const shownName = (stored: string): string => familiarName(parseName(stored));
