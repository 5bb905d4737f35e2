import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { logIn } from '../registry/log-in.ts';
import { ContainerRootfs } from '../rootfs/container-rootfs.ts';
import { LayerWorkers } from '../rootfs/layer-workers.ts';
import { sweep } from '../store/collect.ts';
import { ContentStore } from '../store/content-store.ts';
import { LayerStore } from '../store/layer-store.ts';
import { holdingStoreLock } from '../store/store-lock.ts';
import { makeStore } from '../store/store-paths.ts';
import { commitContainer } from './commit-container.ts';
import { emptyTrash } from './empty-trash.ts';
import { ImageCatalog, storedName } from './image-catalog.ts';
import { ImageIndex, withImage } from './image-index.ts';
import { imageRoots } from './image-roots.ts';
import type {
  CommitOptions,
  Image,
  ImageStore,
  ImportOptions,
  Pruned,
  PruneOptions,
  PullOptions,
  Pushed,
  Removed,
  RemoveOptions,
  StoreUsage,
  TransferOptions,
  WorkOptions,
} from './image-store.ts';
import { importRootfs } from './import-rootfs.ts';
import { loadArchive } from './load-archive.ts';
import { LocalSnapshots } from './local-snapshots.ts';
import { pullImage } from './pull-image.ts';
import { pushImage } from './push-image.ts';
import { parseReference } from './reference.ts';
import { pruneImages, removeImage } from './remove-image.ts';
import { saveArchive } from './save-archive.ts';
import type { StoreParts } from './store-parts.ts';

export interface ImageStoreOptions {
  /** The store's folder; made if need be. */
  readonly folder: string;
  /** The built `layer-worker`; found beside this program by default. */
  readonly worker?: URL;
}

/** Opens the image store, and clears away what processes that were killed left in it. */
export async function openImageStore({ folder, worker }: ImageStoreOptions): Promise<ImageStore> {
  const paths = makeStore(folder);
  const empty = join(paths.root, 'empty');
  mkdirSync(empty, { recursive: true, mode: 0o755 });
  const workers = new LayerWorkers(worker);
  const content = new ContentStore(paths);
  const layers = new LayerStore(paths, workers);
  const index = new ImageIndex(paths.index);
  const catalog = new ImageCatalog(index, content, layers);
  const rootfs = new ContainerRootfs(paths.rootfs, paths.trash, (chainId) => layers.files(chainId), empty);
  const parts: StoreParts = { paths, content, layers, rootfs, workers, index, catalog };
  await holdingStoreLock(paths.lock, () => {
    sweep(parts, imageRoots(parts));
    rootfs.sweep();
  });
  await emptyTrash(parts);
  return new LocalImageStore(parts);
}

class LocalImageStore implements ImageStore {
  readonly snapshots: LocalSnapshots;

  constructor(private readonly parts: StoreParts) {
    this.snapshots = new LocalSnapshots(parts);
  }

  pull(reference: string, options: PullOptions = {}): Promise<Image> {
    return pullImage(this.parts, reference, options);
  }

  push(reference: string, options: TransferOptions = {}): Promise<Pushed> {
    return pushImage(this.parts, reference, options);
  }

  logIn(registry: string, { auth, signal }: TransferOptions = {}): Promise<void> {
    return logIn(registry, { auth, signal });
  }

  resolve(nameOrId: string): Image {
    return this.parts.catalog.resolve(nameOrId);
  }

  list(): Image[] {
    return this.parts.catalog.list();
  }

  usage(): StoreUsage {
    const { layers } = this.parts;
    return { layersSize: layers.all().reduce((sum, chainId) => sum + (layers.record(chainId)?.bytes ?? 0), 0) };
  }

  async tag(nameOrId: string, text: string): Promise<void> {
    const reference = parseReference(text);
    const tag = storedName(reference, `:${reference.tag ?? 'latest'}`);
    const { paths, index, catalog } = this.parts;
    await holdingStoreLock(paths.lock, () => {
      const { manifest } = catalog.find(nameOrId);
      index.update((images) => withImage(images, { manifest, tags: [tag], repoDigests: [] }));
    });
  }

  remove(nameOrId: string, options: RemoveOptions = {}): Promise<Removed[]> {
    return removeImage(this.parts, nameOrId, options);
  }

  prune(options: PruneOptions = {}): Promise<Pruned> {
    return pruneImages(this.parts, options);
  }

  load(archive: Readable, options: WorkOptions = {}): Promise<Image[]> {
    return loadArchive(this.parts, archive, options);
  }

  save(namesOrIds: readonly string[], archive: Writable, options: WorkOptions = {}): Promise<void> {
    return saveArchive(this.parts, namesOrIds, archive, options);
  }

  import(rootfs: Readable, options: ImportOptions = {}): Promise<Image> {
    return importRootfs(this.parts, rootfs, options);
  }

  async export(containerId: string, rootfs: Writable, { signal }: WorkOptions = {}): Promise<void> {
    const stream = new PassThrough({ highWaterMark: 1 << 20 });
    const written = pipeline(stream, rootfs, signal ? { signal } : {});
    const chunk = (bytes: Uint8Array): Promise<void> =>
      new Promise((resolve, reject) => stream.write(bytes, (error) => (error ? reject(error) : resolve())));
    try {
      const job = { kind: 'export', ...this.snapshots.tree(containerId) } as const;
      await Promise.race([this.parts.workers.run(job, { signal, chunk }), written]);
      stream.end();
      await written;
    } catch (error) {
      stream.destroy();
      await written.catch(() => undefined);
      signal?.throwIfAborted();
      throw error;
    }
  }

  commit(containerId: string, options: CommitOptions = {}): Promise<Image> {
    return commitContainer(this.parts, this.snapshots, containerId, options);
  }

  close(): void {
    this.parts.workers.dispose();
  }
}
