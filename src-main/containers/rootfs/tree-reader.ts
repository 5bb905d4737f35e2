import { readSync } from 'node:fs';
import { type ByteString, close, openAt2, RESOLVE, readLinkAt, statusAt } from '../../linux/dir-fd.ts';
import { O } from '../../linux/fd.ts';
import { S_IF, type Status } from '../../linux/statx.ts';
import { getXattr, isOverlayXattr, listXattrs, pathIn } from '../../linux/xattr.ts';
import type { EntryType } from '../archive/tar-entry.ts';
import { tarHeader, tarPadding } from '../archive/tar-writer.ts';
import { failedCall, IN_ROOT } from './tree-folders.ts';
import { splitPath } from './tree-names.ts';

const READ_BYTES = 1 << 20;
/** Links are read, not followed, and a pipe without a writer does not hold us up. */
const READING = O.RDONLY | O.NOFOLLOW | O.NONBLOCK;

const types: Readonly<Record<number, EntryType>> = {
  [S_IF.REG]: 'file',
  [S_IF.DIR]: 'directory',
  [S_IF.LNK]: 'symlink',
  [S_IF.CHR]: 'character',
  [S_IF.BLK]: 'block',
  [S_IF.IFO]: 'fifo',
};

/** The folder at `path` below `root`, no links followed; undefined where there is none. The caller closes it. */
export function openFolder(root: number, path: ByteString): number | undefined {
  const flags = O.RDONLY | O.DIRECTORY;
  const fd = openAt2(root, path === '' ? '.' : path, flags, 0, IN_ROOT | RESOLVE.NO_SYMLINKS);
  return fd < 0 ? undefined : fd;
}

/** Writes the files of a tree as tar, in the order they are given in. */
export class TreeReader {
  /** The first name of each file that has several. */
  private readonly links = new Map<string, ByteString>();
  /** Bytes of the files read. */
  bytes = 0;

  /** @param nameOf what a file is called in the archive, by its path below the root */
  constructor(
    private readonly root: number,
    private readonly nameOf: (path: ByteString) => ByteString = (path) => path || './',
  ) {}

  /** The header and data of the file at `path`; nothing for a socket, or when it has just gone. */
  *entry(path: ByteString): Generator<Buffer> {
    const { parent, base } = splitPath(path);
    const dirfd = openFolder(this.root, parent);
    if (dirfd === undefined) return;
    try {
      yield* this.entryIn(dirfd, base, path);
    } finally {
      close(dirfd);
    }
  }

  private *entryIn(dirfd: number, base: ByteString, path: ByteString): Generator<Buffer> {
    const status = statusAt(dirfd, base);
    const kind = status && types[status.mode & S_IF.MT];
    if (!status || !kind) return;
    const earlier = kind === 'directory' || status.links < 2 ? undefined : this.earlierName(status, path);
    const type = earlier === undefined ? kind : 'hardlink';
    const size = type === 'file' ? status.size : 0;
    yield tarHeader({
      type,
      name: this.nameOf(path),
      link: earlier === undefined ? (kind === 'symlink' && readLinkAt(dirfd, base)) || '' : this.nameOf(earlier),
      mode: status.mode & 0o7777,
      uid: status.uid,
      gid: status.gid,
      size,
      seconds: status.seconds,
      nanoseconds: status.nanoseconds,
      deviceMajor: status.deviceMajor,
      deviceMinor: status.deviceMinor,
      xattrs: type === 'hardlink' ? new Map() : xattrsOf(dirfd, base),
    });
    if (size === 0) return;
    this.bytes += size;
    yield* contentOf(dirfd, base, path, size);
    yield tarPadding(size);
  }

  private earlierName({ inode, onMajor, onMinor }: Status, path: ByteString): ByteString | undefined {
    const key = `${onMajor}:${onMinor}:${inode}`;
    const earlier = this.links.get(key);
    if (earlier === undefined) this.links.set(key, path);
    return earlier;
  }
}

/** Exactly `size` bytes: what the file has lost meanwhile is zeros, what it has gained is left. */
function* contentOf(dirfd: number, base: ByteString, path: ByteString, size: number): Generator<Buffer> {
  const fd = openAt2(dirfd, base, READING, 0, RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS);
  if (fd < 0) throw failedCall('openat2', fd, path);
  try {
    for (let left = size; left > 0; ) {
      const chunk = Buffer.alloc(Math.min(READ_BYTES, left));
      readSync(fd, chunk, 0, chunk.length, size - left);
      left -= chunk.length;
      yield chunk;
    }
  } finally {
    close(fd);
  }
}

function xattrsOf(dirfd: number, base: ByteString): Map<ByteString, Buffer> {
  const path = pathIn(dirfd, base);
  const xattrs = new Map<ByteString, Buffer>();
  for (const name of listXattrs(path)) {
    if (isOverlayXattr(name) || name.startsWith('system.')) continue;
    const value = getXattr(path, name);
    if (value) xattrs.set(name, value);
  }
  return xattrs;
}
