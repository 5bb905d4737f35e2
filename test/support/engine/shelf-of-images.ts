import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../../src-main/base/failure.ts';
import type { Image, ImageStore, Removed, TransferOptions } from '../../../src-main/containers/images/image-store.ts';
import type { Snapshots } from '../../../src-main/containers/rootfs/snapshots.ts';

const later = (): never => {
  throw new Failure('failed', 'not-on-the-shelf', 'this shelf has only what it has');
};

/** Images that are there and cannot change, with empty folders as root file systems. */
export class ShelfOfImages implements ImageStore {
  readonly snapshots: Snapshots;
  readonly prepared = new Map<string, string>();
  readonly logins: unknown[] = [];
  private readonly images: Image[] = [];
  private readonly names = new Map<string, Image>();

  constructor(folder: string) {
    const target = (id: string): string => join(folder, id);
    this.snapshots = {
      prepare: async (id, imageId) => {
        this.prepared.set(id, imageId);
        mkdirSync(target(id), { recursive: true });
        return { lowerdirs: [], upperdir: '', workdir: '', target: target(id) };
      },
      mount: target,
      unmount: () => undefined,
      diff: async () => [{ kind: 'A', path: '/new' }],
      usage: async () => ({ sizeRw: 10, sizeRootFs: 110 }),
      remove: async (id) => {
        this.prepared.delete(id);
        rmSync(target(id), { recursive: true, force: true });
      },
      list: () => [...this.prepared].map(([containerId, imageId]) => ({ containerId, imageId, mounted: false })),
    };
  }

  put(name: string, id: string, config: Image['config']['config']): Image {
    const image: Image = {
      id: `sha256:${id.repeat(64).slice(0, 64)}`,
      repoTags: [name],
      repoDigests: [],
      config: { architecture: 'amd64', os: 'linux', config, rootfs: { type: 'layers', diff_ids: [] } },
      size: 100,
      layers: [],
      history: [{ created_by: 'put', size: 100 }],
      created: '2024-01-02T03:04:05Z',
      manifestDigest: '',
    };
    this.images.push(image);
    this.names.set(name, image);
    return image;
  }

  resolve(nameOrId: string): Image {
    const found =
      this.names.get(nameOrId) ?? this.names.get(`${nameOrId}:latest`) ?? this.images.find(({ id }) => id === nameOrId);
    if (found !== undefined) return found;
    throw new Failure('not-found', 'no-such-image', `No such image: ${nameOrId}`);
  }

  list(): Image[] {
    return [...this.images];
  }

  usage = () => ({ layersSize: 100 });
  async tag(nameOrId: string, reference: string): Promise<void> {
    this.names.set(reference, this.resolve(nameOrId));
  }
  remove = async (): Promise<Removed[]> => later();
  prune = async () => ({ removed: [], reclaimedBytes: 0 });
  pull = async (): Promise<Image> => later();
  /** Takes everybody. */
  logIn = async (registry: string, { auth }: TransferOptions = {}): Promise<void> => {
    this.logins.push({ registry, auth });
  };
  push = async () => later();
  load = async () => later();
  save = async () => later();
  import = async () => later();
  export = async () => later();
  commit = async () => later();
  close(): void {}
}
