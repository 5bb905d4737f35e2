/** The three folders of an overlay mount and how to mount it. */
export interface Mountable {
  /** Top layer first, as overlayfs wants them. */
  readonly lowerdirs: readonly string[];
  readonly upperdir: string;
  readonly workdir: string;
  /** Where `mount` puts it. */
  readonly target: string;
}

/** One line of `docker diff`: changed, added, deleted (Docker API 1.47 ContainerChanges numbers them 0, 1, 2). */
export interface Change {
  readonly kind: 'C' | 'A' | 'D';
  /** Absolute, as seen in the container. */
  readonly path: string;
}

export interface RootfsUsage {
  /** Bytes in the container's own layer. */
  readonly sizeRw: number;
  /** Those and the image's. */
  readonly sizeRootFs: number;
}

/** The root file systems of containers: an overlay of their own over an image's layers. They outlive the engine. */
export interface Snapshots {
  /** Makes a container's own layer over an image, unpacking what of it is not yet. Again for the same container: the same. */
  prepare(containerId: string, imageId: string): Promise<Mountable>;

  /** Mounts it, if it is not mounted, in the caller's mount namespace; returns where. */
  mount(containerId: string): string;

  /** Unmounts it, also when busy (it goes when its last user does). Nothing to unmount is no error. */
  unmount(containerId: string): void;

  /** What the container changed in its image's files, parents before children, sorted. */
  diff(containerId: string): Promise<Change[]>;

  /** Nothing for one that is gone: whoever sums up many meets some that are being removed. */
  usage(containerId: string): Promise<RootfsUsage>;

  /** Unmounts and deletes it. None there is no error. */
  remove(containerId: string): Promise<void>;

  /** Containers that have a root file system here, for the engine to reconcile after a crash. */
  list(): readonly { readonly containerId: string; readonly imageId: string; readonly mounted: boolean }[];
}
