/**
 * One file or folder of a container as a tar, and a tar into a folder of it. The container may run and change its files
 * meanwhile: every path is resolved by the kernel within the container's root, and what is found is an open descriptor.
 */
import type { Readable } from 'node:stream';
import { Failure } from '../../base/failure.ts';
import { type ByteString, close, openAt2, RESOLVE, readLinkAt, statusAt } from '../../linux/dir-fd.ts';
import { O } from '../../linux/fd.ts';
import { S_IF, type Status } from '../../linux/statx.ts';
import { decompressed } from '../archive/decompress.ts';
import type { TarEntry } from '../archive/tar-entry.ts';
import { TarReader, type TarSink } from '../archive/tar-reader.ts';
import { tarEnd } from '../archive/tar-writer.ts';
import { allPaths } from './pack-tree.ts';
import { failedCall, isFolder } from './tree-folders.ts';
import { defaultTreeLimits } from './tree-limits.ts';
import { cleanName, splitPath } from './tree-names.ts';
import { TreeReader } from './tree-reader.ts';
import { TreeWriter } from './tree-writer.ts';

/** Mounts are followed, other than in an image: a volume is a part of what a container sees. */
export const SEEN = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS;
const FOLDER = O.RDONLY | O.DIRECTORY;

export interface PathStatus {
  readonly name: ByteString;
  readonly status: Status;
  /** What it says, of a symbolic link. */
  readonly link: ByteString;
}

/** Where a path leads: the folder it is in, with links on the way followed, and its own name, which is not. */
function withParent<T>(root: number, path: ByteString, body: (parent: number, base: ByteString) => T): T {
  const { parent, base } = splitPath(cleanName(path));
  const fd = openAt2(root, parent === '' ? '.' : parent, FOLDER, 0, SEEN);
  if (fd < 0) throw missing(path);
  try {
    return body(fd, base);
  } finally {
    close(fd);
  }
}

/** Of a path that ends in a slash or `/.` the last link is followed too. */
export function pathStatus(root: number, path: ByteString): PathStatus {
  const clean = cleanName(path);
  if (/\/\.?$/.test(path) && clean !== '') {
    const fd = openAt2(root, clean, O.PATH, 0, SEEN);
    if (fd < 0) throw missing(path);
    const status = statusAt(fd, '');
    close(fd);
    if (status !== undefined) return { name: splitPath(clean).base, status, link: '' };
  }
  return withParent(root, path, (parent, base) => {
    const status = statusAt(parent, base);
    if (status === undefined) throw missing(path);
    return { name: base === '' ? '/' : base, status, link: readLinkAt(parent, base) ?? '' };
  });
}

/** The file or folder at a path as a tar in which it is called `name`; its mounts come along only if they are the path's own. */
export function* archiveOf(root: number, path: ByteString, name: ByteString): Generator<Buffer> {
  const opened = withParent(root, path, (parent, base) => {
    const status = statusAt(parent, base);
    if (status === undefined) throw missing(path);
    const folder = isFolder(status.mode);
    const target = folder && base !== '' ? base : '.';
    const fd = openAt2(parent, target, FOLDER, 0, RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS);
    if (fd < 0) throw failedCall('openat2', fd, path);
    return { fd, base: folder ? '' : base };
  });
  try {
    if (opened.base !== '') {
      yield* new TreeReader(opened.fd, () => name).entry(opened.base);
    } else {
      const reader = new TreeReader(opened.fd, (below) => (below === '' ? `${name}/` : `${name}/${below}`));
      yield* reader.entry('');
      for (const below of allPaths(opened.fd, '')) yield* reader.entry(below);
    }
    yield tarEnd();
  } finally {
    close(opened.fd);
  }
}

/** @param keepKinds refuse to put a file where a folder is, and the other way round */
export async function extractAt(root: number, path: ByteString, archive: Readable, keepKinds: boolean): Promise<void> {
  const clean = cleanName(path);
  const target = openAt2(root, clean === '' ? '.' : clean, FOLDER, 0, SEEN);
  if (target < 0) {
    const there = openAt2(root, clean, O.PATH, 0, SEEN);
    if (there < 0) throw missing(path);
    close(there);
    throw new Failure('usage', 'no-folder', 'extraction point is not a directory');
  }
  try {
    // On the root's own file system links in it lead where they would for the container; a volume is a root of its own.
    const [own, base] = [statusAt(target, ''), statusAt(root, '')];
    const within = own?.onMajor === base?.onMajor && own?.onMinor === base?.onMinor;
    const place = within ? { root, prefix: clean } : { root: target, prefix: '' };
    const tree = { root: place.root, overLayers: false, whiteouts: false, devices: true, limits: defaultTreeLimits };
    const writer = new TreeWriter(tree);
    try {
      const reader = new TarReader(prefixed(writer, place, keepKinds));
      for await (const chunk of await decompressed(archive)) reader.push(chunk as Buffer);
      reader.finish();
      writer.finish();
    } finally {
      writer.dispose();
    }
  } finally {
    close(target);
  }
}

/** The same entries below a folder. Their names may not lead out of that. */
function prefixed(sink: TarSink, { root, prefix }: { root: number; prefix: string }, keepKinds: boolean): TarSink {
  const below = (name: ByteString): ByteString => (prefix === '' ? cleanName(name) : `${prefix}/${cleanName(name)}`);
  return {
    entry: (entry) => {
      const name = below(entry.name);
      // The folder itself stays as it is.
      if (cleanName(entry.name) === '' && entry.type === 'directory')
        return sink.entry({ ...asFound(root, name, entry), name });
      if (keepKinds) refuseOtherKind(root, name, entry);
      sink.entry({ ...entry, name, link: entry.type === 'hardlink' ? below(entry.link) : entry.link });
    },
    data: (bytes, offset) => sink.data(bytes, offset),
    end: () => sink.end(),
  };
}

function asFound(root: number, path: ByteString, entry: TarEntry): TarEntry {
  const fd = openAt2(root, path === '' ? '.' : path, FOLDER, 0, SEEN);
  if (fd < 0) return entry;
  const status = statusAt(fd, '');
  close(fd);
  if (status === undefined) return entry;
  const { uid, gid, seconds, nanoseconds } = status;
  return { ...entry, mode: status.mode & 0o7777, uid, gid, seconds, nanoseconds, xattrs: new Map() };
}

function refuseOtherKind(root: number, path: ByteString, { type }: TarEntry): void {
  const { parent, base } = splitPath(path);
  const fd = openAt2(root, parent === '' ? '.' : parent, FOLDER, 0, SEEN);
  if (fd < 0) return;
  const there = statusAt(fd, base);
  close(fd);
  if (there === undefined || (there.mode & S_IF.MT) === S_IF.LNK || isFolder(there.mode) === (type === 'directory'))
    return;
  const [old, made] = type === 'directory' ? ['non-directory', 'directory'] : ['directory', 'non-directory'];
  throw new Failure('usage', 'other-kind', `cannot overwrite ${old} "/${path}" with ${made}`);
}

function missing(path: ByteString): Failure {
  return new Failure('not-found', 'no-such-path', `Could not find the file ${path}`);
}
