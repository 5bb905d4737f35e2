import {
  type BigIntStats,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  statfsSync,
  truncateSync,
  utimesSync,
} from 'node:fs';
import {
  type ByteString,
  chownAt,
  linkOpenAt,
  mkdirAt,
  mknodAt,
  openAt2,
  RESOLVE,
  readLinkAt,
  renameAt,
  symlinkAt,
  unlinkAt,
} from '../linux/dir-fd.ts';
import { Fd, O } from '../linux/fd.ts';
import { EACCES, EEXIST, EINVAL, ENOENT, ENXIO, EPERM, EROFS, granted, Refused } from './refused.ts';

const BENEATH = RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS | RESOLVE.NO_MAGICLINKS;
/** Nothing a guest makes runs as somebody else on the host: no set-user-ID, no set-group-ID. */
const MODE_BITS = 0o1777;
/** What of open(2)'s flags a guest decides. */
const OPEN_FLAGS = 3 | O.TRUNC | constants.O_SYNC | constants.O_DSYNC;
/** What we add: no waiting for the other end of anything, no terminal of ours. */
const OWN_FLAGS = O.NONBLOCK | O.NOCTTY | O.CLOEXEC;

/** One name of a directory, as readdir tells of it. */
export interface Entry {
  readonly name: ByteString;
  readonly stat: BigIntStats | undefined;
}

/**
 * A folder of the host's as a guest may use it. Everything is reached from open descriptors by single names: the
 * kernel resolves each beneath the folder (openat2(2), RESOLVE_BENEATH), and follows no symbolic link, which are the
 * guest's to follow. Devices, sockets and fifos are seen and never opened. Throws `Refused`, or what Node throws.
 */
export class SharedFolder {
  private constructor(
    private readonly root: Fd,
    readonly readOnly: boolean,
  ) {}

  static open(path: string, readOnly: boolean): SharedFolder {
    return new SharedFolder(Fd.open(path, O.PATH | O.DIRECTORY), readOnly);
  }

  /** Opens (O_PATH) what the names lead to from the folder itself. */
  find(names: readonly ByteString[]): number {
    if (names.length === 0) return granted(openAt2(this.root.number, '.', O.PATH, 0, BENEATH));
    return granted(openAt2(this.root.number, names.map(single).join('/'), O.PATH | O.NOFOLLOW, 0, BENEATH));
  }

  /** Opens (O_PATH) what is called `name` in the directory `fd`. */
  step(fd: number, name: ByteString): number {
    return granted(openAt2(fd, single(name), O.PATH | O.NOFOLLOW, 0, BENEATH));
  }

  /** Another descriptor (O_PATH) of what `fd` is. */
  again(fd: number): number {
    return openSync(itself(fd), O.PATH | O.CLOEXEC);
  }

  stat(fd: number): BigIntStats {
    return fstatSync(fd, { bigint: true });
  }

  /** Opens for reading or writing what `fd` (O_PATH) is; regular files and directories only. */
  reopen(fd: number, flags: number): number {
    const stat = this.stat(fd);
    if (!stat.isFile() && !stat.isDirectory()) throw new Refused(ENXIO);
    this.allow(flags);
    return openSync(itself(fd), (flags & OPEN_FLAGS) | OWN_FLAGS);
  }

  /** Makes a regular file, or opens the one that is there, unless it must not be. */
  create(fd: number, name: ByteString, flags: number, mode: number): number {
    this.change();
    const made = openAt2(
      fd,
      single(name),
      (flags & OPEN_FLAGS) | OWN_FLAGS | O.CREAT | O.EXCL | O.NOFOLLOW,
      mode & MODE_BITS,
      BENEATH,
    );
    if (made !== -EEXIST || (flags & O.EXCL) !== 0) return granted(made);
    const there = this.step(fd, name);
    try {
      if (!this.stat(there).isFile()) throw new Refused(EEXIST);
      return this.reopen(there, flags);
    } finally {
      closeSync(there);
    }
  }

  makeFolder(fd: number, name: ByteString, mode: number): void {
    this.change();
    granted(mkdirAt(fd, single(name), mode & MODE_BITS));
  }

  makeLink(fd: number, name: ByteString, target: ByteString): void {
    this.change();
    if (target === '' || target.includes('\0')) throw new Refused(ENOENT);
    granted(symlinkAt(target, fd, single(name)));
  }

  /** Regular files, fifos and sockets; a device of the host's is not for a guest to make. */
  makeNode(fd: number, name: ByteString, mode: number): void {
    this.change();
    const type = mode & constants.S_IFMT;
    if (type === constants.S_IFCHR || type === constants.S_IFBLK) throw new Refused(EPERM);
    granted(mknodAt(fd, single(name), type | (mode & MODE_BITS), 0));
  }

  /** Another name for what `fd` (O_PATH) is. */
  link(fd: number, folder: number, name: ByteString): void {
    this.change();
    granted(linkOpenAt(fd, folder, single(name)));
  }

  rename(from: number, name: ByteString, to: number, newName: ByteString): void {
    this.change();
    granted(renameAt(from, single(name), to, single(newName)));
  }

  remove(fd: number, name: ByteString, flags: number): void {
    this.change();
    granted(unlinkAt(fd, single(name), flags));
  }

  readLink(fd: number): ByteString {
    const target = readLinkAt(fd, '');
    if (target === undefined) throw new Refused(EINVAL);
    return target;
  }

  chmod(fd: number, mode: number): void {
    this.change();
    const stat = this.stat(fd);
    if (!stat.isFile() && !stat.isDirectory()) throw new Refused(EPERM);
    const opened = openSync(itself(fd), O.RDONLY | OWN_FLAGS);
    try {
      fchmodSync(opened, mode & MODE_BITS);
    } finally {
      closeSync(opened);
    }
  }

  /** Who owns it on the host is the host's affair, where this process may not change it. */
  chown(fd: number, uid: number, gid: number): void {
    this.change();
    const done = chownAt(fd, '', uid, gid);
    if (done !== -EPERM) granted(done);
  }

  truncate(fd: number, size: bigint): void {
    this.change();
    if (!this.stat(fd).isFile()) throw new Refused(EINVAL);
    truncateSync(itself(fd), Number(size));
  }

  /** In seconds since 1970. */
  setTimes(fd: number, atime: number, mtime: number): void {
    this.change();
    const stat = this.stat(fd);
    if (stat.isFile() || stat.isDirectory()) utimesSync(itself(fd), atime, mtime);
  }

  /** The names in an open directory, `.` and `..` first. */
  list(fd: number): Entry[] {
    const path = itself(fd);
    const names = readdirSync(path, { encoding: 'buffer' });
    const own = this.stat(fd);
    const entries: Entry[] = names.map((name) => ({
      name: name.toString('latin1'),
      stat: lstatSync(Buffer.concat([Buffer.from(`${path}/`), name]), { bigint: true, throwIfNoEntry: false }),
    }));
    return [{ name: '.', stat: own }, { name: '..', stat: own }, ...entries];
  }

  space(fd: number) {
    return statfsSync(itself(fd), { bigint: true });
  }

  dispose(): void {
    this.root.dispose();
  }

  /** Throws where nothing may be changed. */
  private change(): void {
    if (this.readOnly) throw new Refused(EROFS);
  }

  private allow(flags: number): void {
    if ((flags & 3) === 3) throw new Refused(EINVAL);
    if ((flags & 3) !== O.RDONLY || (flags & O.TRUNC) !== 0) this.change();
  }
}

/** Opens what the descriptor is, not what a path leads to now (proc(5), /proc/pid/fd). */
const itself = (fd: number): string => `/proc/self/fd/${fd}`;

/** A name of one entry of a directory. */
function single(name: ByteString): ByteString {
  if (name === '') throw new Refused(ENOENT);
  if (name === '.' || name === '..') throw new Refused(EEXIST);
  if (name.includes('/') || name.includes('\0')) throw new Refused(EACCES);
  return name;
}
