import { closeSync, fstatSync } from 'node:fs';
import { Failure } from '../base/failure.ts';
import {
  type ByteString,
  chmodAt,
  chownAt,
  mkdirAt,
  mknodAt,
  openAt2,
  RESOLVE,
  readLinkAt,
  symlinkAt,
  unlinkAt,
} from './dir-fd.ts';
import { Fd, O } from './fd.ts';
import { checked, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cFchdir = libcFunction<[number], number>('int fchdir(int folder)');

/** stat(2) file types. */
export const S_IF = { CHR: 0o020000, BLK: 0o060000, FIFO: 0o010000 } as const;

/** How many dangling links a path may go through before it is refused (path_resolution(7) has 40). */
const MAX_LINKS = 40;

/**
 * A folder that is somebody's root directory, open. Paths start there and never lead out of it, whatever links and
 * `..` they have and however they change meanwhile (openat2(2), RESOLVE_IN_ROOT). What is found is an open
 * descriptor, so that it stays what was looked at.
 */
export class InRoot {
  constructor(
    readonly fd: number,
    readonly name: string,
  ) {}

  static open(path: string): InRoot {
    return new InRoot(Fd.open(path, O.PATH | O.DIRECTORY).number, path);
  }

  /** Opens what is at `path`; the caller closes it. */
  find(path: string, flags: number = O.PATH, resolve = 0): number {
    const fd = this.tryFind(path, flags, resolve);
    return this.done(fd, 'openat2', path);
  }

  /** The same; -1 where there is nothing, or nothing of that kind. */
  findIfThere(path: string, flags: number = O.PATH, resolve = 0): number {
    const fd = this.tryFind(path, flags, resolve);
    if (fd >= 0) return fd;
    const name = errnoName(-fd);
    if (name === 'ENOENT' || name === 'ENOTDIR') return -1;
    throw new SystemCallFailure('openat2', -fd, this.describe(path));
  }

  /** Opens the folder at `path`, making it and those above it where they are missing. */
  makeFolder(path: string, mode = 0o755, links = 0): number {
    const there = this.findIfThere(path, O.PATH | O.DIRECTORY);
    if (there >= 0) return there;
    return this.inParent(path, links, (parent, name) => {
      const made = mkdirAt(parent, name, mode);
      if (made < 0) {
        const target = isThere(made) ? readLinkAt(parent, name) : undefined;
        if (target !== undefined) return this.makeFolder(linked(path, target), mode, links + 1);
        if (!isThere(made)) throw new SystemCallFailure('mkdirat', -made, this.describe(path));
      }
      return this.find(path, O.PATH | O.DIRECTORY);
    });
  }

  /** Opens the file at `path`, an empty new one where there is none. */
  makeFile(path: string, mode = 0o644, links = 0): number {
    const there = this.findIfThere(path);
    if (there >= 0) return there;
    return this.inParent(path, links, (parent, name) => {
      const made = openAt2(parent, name, O.CREAT | O.EXCL | O.NOFOLLOW, mode, 0);
      if (made < 0) {
        const target = isThere(made) ? readLinkAt(parent, name) : undefined;
        if (target !== undefined) return this.makeFile(linked(path, target), mode, links + 1);
        throw new SystemCallFailure('openat2', -made, this.describe(path));
      }
      closeSync(made);
      return this.find(path);
    });
  }

  /** Makes a device or fifo; one that is there already with the same number stays. Returns it open. */
  makeNode(path: string, node: { mode: number; device: number; uid: number; gid: number }): number {
    return this.inParent(path, 0, (parent, name) => {
      const made = mknodAt(parent, name, node.mode, node.device);
      if (!isThere(made)) {
        this.done(made, 'mknodat', path);
        this.done(chmodAt(parent, name, node.mode & 0o7777), 'fchmodat', path);
        this.done(chownAt(parent, name, node.uid, node.gid), 'fchownat', path);
      }
      const fd = this.findIn(parent, name, path);
      const { mode, rdev } = fstatSync(fd);
      if ((mode & 0o170000) === (node.mode & 0o170000) && rdev === node.device) return fd;
      closeSync(fd);
      throw new Failure('failed', 'not-the-device', `${this.describe(path)}: something else is there already`);
    });
  }

  /** Makes a symbolic link, or leaves what is there. */
  makeLink(path: string, target: string): void {
    this.inParent(path, 0, (parent, name) => {
      const made = symlinkAt(byteString(target), parent, name);
      return isThere(made) || isReadOnly(made) ? made : this.done(made, 'symlinkat', path);
    });
  }

  remove(path: string): void {
    this.inParent(path, 0, (parent, name) => unlinkAt(parent, name));
  }

  /** Makes it the working directory. */
  enter(): void {
    checked(cFchdir(this.fd), 'fchdir', this.name);
  }

  dispose(): void {
    closeSync(this.fd);
  }

  private tryFind(path: string, flags: number, resolve: number): number {
    const name = byteString(path === '' ? '.' : path);
    for (let attempt = 0; ; attempt++) {
      const fd = openAt2(this.fd, name, flags, 0, RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS | resolve);
      // EAGAIN: something was renamed meanwhile, and the kernel cannot tell whether the path led out (openat2(2)).
      if (fd >= 0 || errnoName(-fd) !== 'EAGAIN' || attempt >= 100) return fd;
    }
  }

  private findIn(parent: number, name: ByteString, path: string): number {
    return this.done(openAt2(parent, name, O.PATH | O.NOFOLLOW, 0, 0), 'openat2', path);
  }

  private inParent(path: string, links: number, body: (parent: number, name: ByteString) => number): number {
    if (links > MAX_LINKS) throw new Failure('failed', 'too-many-links', `${this.describe(path)}: too many links`);
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    const name = parts.pop();
    if (name === undefined || name === '..') {
      throw new Failure('usage', 'bad-path', `${this.describe(path)}: names no file of its own`);
    }
    const parent = this.makeFolder(parts.join('/'), 0o755, links);
    try {
      return body(parent, byteString(name));
    } finally {
      closeSync(parent);
    }
  }

  /** What a system call gave; throws where that is a negative errno. */
  private done(result: number, call: string, path: string): number {
    if (result >= 0) return result;
    throw new SystemCallFailure(call, -result, this.describe(path));
  }

  private describe(path: string): string {
    return `${this.name}: ${path}`;
  }
}

/**
 * Opens `path` as a process whose root is `root` would find it: whatever links another puts there meanwhile, nothing
 * outside is reached. With O_PATH by default: for `/proc/self/fd/…` and fstat(2).
 */
export function openInRoot(root: string, path: string, flags: number = O.PATH): Fd {
  const folder = InRoot.open(root);
  try {
    return new Fd(folder.find(path, flags), path);
  } finally {
    folder.dispose();
  }
}

const isThere = (result: number): boolean => errnoName(-result) === 'EEXIST';
const isReadOnly = (result: number): boolean => errnoName(-result) === 'EROFS';
const byteString = (text: string): ByteString => Buffer.from(text).toString('latin1');

/** Where a link at `path` leads, from the same root. */
function linked(path: string, target: ByteString): string {
  const to = Buffer.from(target, 'latin1').toString();
  if (to.startsWith('/')) return to;
  return `${path.slice(0, path.lastIndexOf('/') + 1)}${to}`;
}
