import type { Readable, Writable } from 'node:stream';
import type { RegistryAuth } from '../registry/registry-auth.ts';
import type { Snapshots } from '../rootfs/snapshots.ts';
import type { HistoryEntry, ImageConfig, RunConfig } from './image-config.ts';

export interface Layer {
  /** Of the layer as it is stored and transferred, usually compressed. */
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the blob. */
  readonly size: number;
  /** Of the uncompressed tar. */
  readonly diffId: string;
}

export interface Image {
  /** Digest of the config: `sha256:…`. */
  readonly id: string;
  /** As people write them: `busybox:latest`, `localhost:5000/a:b`. */
  readonly repoTags: readonly string[];
  /** `busybox@sha256:…`. */
  readonly repoDigests: readonly string[];
  readonly config: ImageConfig;
  /** Bytes of its files, unpacked. */
  readonly size: number;
  readonly layers: readonly Layer[];
  /** Oldest first, each with the bytes it added. */
  readonly history: readonly (HistoryEntry & { readonly size: number })[];
  /** RFC 3339. */
  readonly created: string;
  /** Of the image manifest. */
  readonly manifestDigest: string;
}

/** A step of a pull, push or load, in the words Docker's clients know (`Pull complete`), for the stream they read. */
export interface Progress {
  readonly status: string;
  /** The layer, by the first 12 digits of its digest; the tag for lines about the whole. */
  readonly id?: string;
  /** Bytes. */
  readonly current?: number;
  readonly total?: number;
}

export interface WorkOptions {
  readonly progress?: (step: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface TransferOptions extends WorkOptions {
  readonly auth?: RegistryAuth;
}

export interface PullOptions extends TransferOptions {
  /** `linux/amd64`, `linux/arm64/v8`; this computer's by default. */
  readonly platform?: string;
}

export interface Pushed {
  readonly tag: string;
  readonly digest: string;
  /** Bytes of the manifest. */
  readonly size: number;
}

export interface RemoveOptions {
  /** Also with several names, and when stopped containers use it. */
  readonly force?: boolean;
  /** Leaves untagged parents alone; ours has none, so this changes nothing. */
  readonly noPrune?: boolean;
  /** Tells running containers from stopped ones among those with a snapshot of the image. */
  readonly isRunning?: (containerId: string) => boolean;
}

/** As the Docker API lists them: one or the other. */
export type Removed = { readonly untagged: string } | { readonly deleted: string };

export interface ImportOptions extends WorkOptions {
  readonly reference?: string;
  readonly message?: string;
  /** Dockerfile instructions: `CMD ["sh"]`, `ENV A=b`. */
  readonly changes?: readonly string[];
  readonly platform?: string;
}

export interface CommitOptions extends WorkOptions {
  readonly reference?: string;
  readonly author?: string;
  readonly comment?: string;
  /** What the container runs with, which becomes the image's; the image's own by default. */
  readonly config?: RunConfig;
  readonly changes?: readonly string[];
}

export interface PruneOptions {
  /** Only those without a name (the default) or all that no container uses. */
  readonly dangling?: boolean;
  /** Whether an image counts, for `until` and label filters. */
  readonly matches?: (image: Image) => boolean;
}

export interface Pruned {
  readonly removed: readonly Removed[];
  readonly reclaimedBytes: number;
}

export interface StoreUsage {
  /** Bytes of all layers, unpacked, each counted once. */
  readonly layersSize: number;
}

/**
 * Images: an OCI layout on disk, the layers unpacked beside it, and the ways in and out. Safe to be used by two
 * processes; killed at any moment, it is consistent. All failures are `Failure`s: `not-found` (no-such-image), `state`
 * (image-in-use, image-has-names), `usage` (bad-reference), `host` and `failed` for the rest. An AbortSignal ends work
 * with its own reason.
 */
export interface ImageStore {
  readonly snapshots: Snapshots;

  /** A reference without tag or digest means `:latest`. */
  pull(reference: string, options?: PullOptions): Promise<Image>;
  push(reference: string, options?: TransferOptions): Promise<Pushed>;

  /** Whether a registry, by `host:port`, takes the credentials; throws login-denied. */
  logIn(registry: string, options?: TransferOptions): Promise<void>;

  /** By id, unambiguous beginning of an id, name, name and tag, or name and digest. Throws no-such-image. */
  resolve(nameOrId: string): Image;
  list(): Image[];
  usage(): StoreUsage;

  tag(nameOrId: string, reference: string): Promise<void>;
  /** Takes a name away, and with the last one the image itself. */
  remove(nameOrId: string, options?: RemoveOptions): Promise<Removed[]>;
  prune(options?: PruneOptions): Promise<Pruned>;

  /** Reads a `docker save` or OCI archive, plain or compressed; returns the images it held. */
  load(archive: Readable, options?: WorkOptions): Promise<Image[]>;
  /** Writes an archive that is both: Docker's and an OCI layout. */
  save(namesOrIds: readonly string[], archive: Writable, options?: WorkOptions): Promise<void>;

  /** An image of one layer from a root file system's tar, plain or compressed. */
  import(rootfs: Readable, options?: ImportOptions): Promise<Image>;
  /** A container's root file system as a tar. */
  export(containerId: string, rootfs: Writable, options?: WorkOptions): Promise<void>;
  /** An image from a container's changes over its image. */
  commit(containerId: string, options?: CommitOptions): Promise<Image>;

  close(): void;
}
