import os from 'node:os';
import type { Disposable } from '../../base/disposable.ts';
import { type ByteString, chmod, chown, close, mkdirAt, openAt2, RESOLVE, statusAt } from '../../linux/dir-fd.ts';
import { O } from '../../linux/fd.ts';
import { errnoName, SystemCallFailure } from '../../linux/libc.ts';
import { S_IF } from '../../linux/statx.ts';
import { printable } from '../archive/tar-reader.ts';
import { refused, splitPath } from './tree-names.ts';

const { ENOENT, ENOTDIR, ELOOP, EXDEV, EEXIST } = os.constants.errno;
const OPEN_MAX = 256;

/**
 * No symbolic link, magic link or mount leads out: the kernel resolves every path as if the root were `/`. Links inside
 * are followed as they would be in the container.
 */
export const IN_ROOT = RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS | RESOLVE.NO_XDEV;

export interface Time {
  readonly seconds: number;
  readonly nanoseconds: number;
}

export function failedCall(call: string, result: number, path: ByteString): SystemCallFailure {
  return new SystemCallFailure(call, -result, printable(path));
}

/** The folders of a tree being written, open by path, and the times they are to have at the end. */
export class TreeFolders implements Disposable {
  private readonly open = new Map<ByteString, number>();
  /** Folders changed from within: the times they had; undefined for those made here without the archive's asking. */
  private readonly former = new Map<ByteString, Time | undefined>();
  /** Folders the archive brings: the times it gives them. */
  private readonly given = new Map<ByteString, Time>();

  constructor(readonly root: number) {}

  /** The folder at `path`, made if it is not there. The descriptor is ours: it stays open for a while, not for ever. */
  get(path: ByteString): number {
    const known = this.open.get(path);
    if (known !== undefined) return known;
    const fd = this.openOrMake(path);
    if (!this.given.has(path) && !this.former.has(path)) this.former.set(path, statusAt(fd, ''));
    if (this.open.size >= OPEN_MAX) this.forgetOpen();
    this.open.set(path, fd);
    return fd;
  }

  /** The folder at `path` if it is there and is one, links followed within the root. */
  find(path: ByteString): number | undefined {
    const known = this.open.get(path);
    if (known !== undefined) return known;
    const fd = this.tryOpen(path);
    if (fd === -ENOENT || fd === -ENOTDIR) return undefined;
    if (fd < 0) throw this.whyNot(path, fd);
    if (this.open.size >= OPEN_MAX) this.forgetOpen();
    this.open.set(path, fd);
    return fd;
  }

  setTime(path: ByteString, time: Time): void {
    this.given.set(path, time);
  }

  /** What stood at `path` is gone: what was known of it and of all below may now be something else. */
  forget(path: ByteString): void {
    this.forgetOpen();
    for (const times of [this.former, this.given]) times.delete(path);
  }

  private forgetOpen(): void {
    for (const fd of this.open.values()) close(fd);
    this.open.clear();
  }

  /** Calls `apply` for each folder that is to have a time, the innermost first. */
  eachTime(apply: (fd: number, time: Time) => void): void {
    for (const [path, time] of [...[...this.former].reverse(), ...[...this.given].reverse()]) {
      const fd = time && this.tryOpen(path);
      if (fd === undefined || fd < 0) continue;
      apply(fd, time!);
      close(fd);
    }
  }

  dispose(): void {
    this.forgetOpen();
  }

  private tryOpen(path: ByteString, flags = 0): number {
    return openAt2(this.root, path === '' ? '.' : path, O.RDONLY | O.DIRECTORY | flags, 0, IN_ROOT);
  }

  private openOrMake(path: ByteString): number {
    const fd = this.tryOpen(path);
    if (fd >= 0) return fd;
    if (fd !== -ENOENT || path === '') throw this.whyNot(path, fd);
    const { parent, base } = splitPath(path);
    const above = this.get(parent);
    const made = mkdirAt(above, base, 0o755);
    // A link that leads nowhere stands there: what is below it has no place.
    if (made === -EEXIST) throw refused(path, 'is a link to nowhere, and something is to be put in it');
    if (made < 0) throw failedCall('mkdirat', made, path);
    const opened = this.tryOpen(path, O.NOFOLLOW);
    if (opened < 0) throw this.whyNot(path, opened);
    chown(opened, 0, 0);
    chmod(opened, 0o755);
    this.former.set(path, undefined);
    return opened;
  }

  private whyNot(path: ByteString, result: number): Error {
    if (result === -ENOTDIR) return refused(path, 'is no folder, and something is to be put in it');
    if (result === -ELOOP) return refused(path, 'is a link that goes in a circle, or out by magic');
    if (result === -EXDEV) return refused(path, 'leads to another file system');
    return new SystemCallFailure('openat2', -result, printable(path), { facts: { errno: errnoName(-result) } });
  }
}

export const isFolder = (mode: number): boolean => (mode & S_IF.MT) === S_IF.DIR;
