import { createHash, type Hash } from 'node:crypto';
import { createWriteStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { close, statusAt } from '../../linux/dir-fd.ts';
import { Fd, O } from '../../linux/fd.ts';
import { S_IF } from '../../linux/statx.ts';
import { tarEnd, tarHeader } from '../archive/tar-writer.ts';
import { onOverlay } from './apply-layer.ts';
import type { OverlaidTree, Packed, PackJob } from './layer-jobs.ts';
import type { Change } from './snapshots.ts';
import { changesBetween, type TreeChange } from './tree-changes.ts';
import { splitPath, whiteoutName } from './tree-names.ts';
import { openFolder, TreeReader } from './tree-reader.ts';
import { namesIn } from './tree-removal.ts';

type Walk<T> = (trees: { readonly upper: number; readonly changes: readonly TreeChange[] }) => Promise<T>;

/** Compares a container's own layer with those below. */
async function withChanges<T>({ upperdir, lowerdirs, scratch }: OverlaidTree, body: Walk<T>): Promise<T> {
  const upper = Fd.open(upperdir, O.RDONLY | O.DIRECTORY);
  const compare = async (below: string): Promise<T> => {
    const lower = Fd.open(below, O.RDONLY | O.DIRECTORY);
    try {
      return await body({ upper: upper.number, changes: changesBetween(upper.number, lower.number) });
    } finally {
      lower.dispose();
    }
  };
  try {
    if (lowerdirs.length === 1) return await compare(lowerdirs[0]!);
    return await onOverlay({ lowerdirs }, scratch, compare);
  } finally {
    upper.dispose();
    rmSync(scratch, { recursive: true, force: true });
  }
}

export function listChanges(tree: OverlaidTree): Promise<Change[]> {
  return withChanges(tree, async ({ changes }) =>
    changes.map(({ kind, path }) => ({ kind, path: `/${Buffer.from(path, 'latin1').toString('utf8')}` })),
  );
}

/** Writes a container's changes as a layer: OCI image 1.1 layer.md §Representing Changes. */
export function packLayer(job: PackJob): Promise<Packed> {
  return withChanges(job, async ({ upper, changes }) => {
    const reader = new TreeReader(upper);
    const [plain, packed] = [createHash('sha256'), createHash('sha256')];
    let size = 0;
    const measure = hashing(packed, (bytes) => {
      size += bytes;
    });
    const out = createWriteStream(job.out, { flags: 'wx', mode: 0o600, flush: true });
    await pipeline(Readable.from(layerTar(reader, changes)), hashing(plain), createGzip(), measure, out);
    return { diffId: digest(plain), digest: digest(packed), size, bytes: reader.bytes };
  });
}

function* layerTar(reader: TreeReader, changes: readonly TreeChange[]): Generator<Buffer> {
  for (const { kind, path } of changes) {
    if (kind === 'D') yield whiteout(path);
    else yield* reader.entry(path);
  }
  yield tarEnd();
}

function whiteout(path: string): Buffer {
  const { parent, base } = splitPath(path);
  const name = whiteoutName(base);
  return tarHeader({
    type: 'file',
    name: parent === '' ? name : `${parent}/${name}`,
    link: '',
    mode: 0o600,
    uid: 0,
    gid: 0,
    size: 0,
    seconds: 0,
    nanoseconds: 0,
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: new Map(),
  });
}

/** All files of a container as a tar, handed over in chunks. */
export async function exportTree(tree: OverlaidTree, send: (chunk: Buffer) => Promise<void>): Promise<void> {
  mkdirSync(join(tree.scratch, 'merged'), { recursive: true });
  try {
    await onOverlay({ lowerdirs: [tree.upperdir, ...tree.lowerdirs] }, tree.scratch, async (root) => {
      const fd = Fd.open(root, O.RDONLY | O.DIRECTORY);
      try {
        const reader = new TreeReader(fd.number);
        for (const path of allPaths(fd.number, '')) {
          for (const chunk of reader.entry(path)) await send(chunk);
        }
        await send(tarEnd());
      } finally {
        fd.dispose();
      }
    });
  } finally {
    rmSync(tree.scratch, { recursive: true, force: true });
  }
}

/** Everything below a folder, on its own file system, parents first. */
export function* allPaths(root: number, path: string): Generator<string> {
  const fd = openFolder(root, path);
  if (fd === undefined) return;
  try {
    for (const name of namesIn(fd).sort()) {
      const child = path === '' ? name : `${path}/${name}`;
      yield child;
      if (((statusAt(fd, name)?.mode ?? 0) & S_IF.MT) === S_IF.DIR) yield* allPaths(root, child);
    }
  } finally {
    close(fd);
  }
}

const digest = (hash: Hash): string => `sha256:${hash.digest('hex')}`;

function hashing(hash: Hash, seen: (bytes: number) => void = () => undefined): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      seen(chunk.length);
      done(null, chunk);
    },
  });
}
