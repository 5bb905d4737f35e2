/**
 * Unpacks a tar into a folder as if that were the root of all files: OCI image 1.1 layer.md §Applying Changesets.
 * Written for archives from strangers. The kernel resolves every parent folder within the root, the last name is never
 * followed, and what exists is removed before something else takes its place, so nothing outside can be reached.
 */
import os from 'node:os';
import type { Disposable } from '../../base/disposable.ts';
import {
  type ByteString,
  chmod,
  chmodAt,
  chown,
  chownAt,
  close,
  linkAt,
  makeDevice,
  mkdirAt,
  mknodAt,
  openAt2,
  RESOLVE,
  setTime,
  setTimeAt,
  statusAt,
  symlinkAt,
} from '../../linux/dir-fd.ts';
import { O } from '../../linux/fd.ts';
import { S_IF } from '../../linux/statx.ts';
import { isOverlayXattr, pathIn, setXattr, setXattrOn } from '../../linux/xattr.ts';
import type { TarEntry } from '../archive/tar-entry.ts';
import type { TarSink } from '../archive/tar-reader.ts';
import { FileBody } from './file-body.ts';
import { failedCall, TreeFolders } from './tree-folders.ts';
import { type TreeLimits, TreeMeter } from './tree-limits.ts';
import { cleanName, refused, splitPath, type Whiteout, whiteoutOf } from './tree-names.ts';
import { namesIn, removeAt } from './tree-removal.ts';

const { EEXIST, EINVAL, ENOENT, EPERM, ENOTSUP, EXDEV, EMLINK } = os.constants.errno;
const IN_FOLDER = RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS | RESOLVE.NO_XDEV;

export interface TreeOptions {
  /** An open folder: the root. It stays the caller's. */
  readonly root: number;
  /** Whether there are layers below, which whiteouts are about. */
  readonly overLayers: boolean;
  /** Whether whiteouts mean anything: in a layer they do, in a root file system's tar they are names. */
  readonly whiteouts: boolean;
  /** In a user namespace the kernel makes no devices: they are left out and counted. */
  readonly devices: boolean;
  readonly limits: TreeLimits;
}

interface Place {
  readonly path: ByteString;
  readonly parent: ByteString;
  readonly base: ByteString;
}

export class TreeWriter implements TarSink, Disposable {
  private readonly folders: TreeFolders;
  private readonly meter: TreeMeter;
  /** What this archive brought, and the folders it is in: its own whiteouts leave those alone. */
  private readonly brought = new Set<ByteString>();
  private file: { fd: number; entry: TarEntry; path: ByteString; body: FileBody } | undefined;
  /** Device nodes left out. */
  skippedDevices = 0;

  constructor(private readonly options: TreeOptions) {
    this.folders = new TreeFolders(options.root);
    this.meter = new TreeMeter(options.limits);
  }

  /** Bytes of the files written, holes included. */
  get bytes(): number {
    return this.meter.bytes;
  }

  entry(entry: TarEntry): void {
    this.meter.count(entry);
    const path = cleanName(entry.name);
    const whiteout = this.options.whiteouts ? whiteoutOf(path) : undefined;
    if (whiteout) {
      if (this.options.overLayers) this.whiteOut(path, whiteout);
      return;
    }
    if (path === '') {
      if (entry.type !== 'directory') throw refused(entry.name, 'is the root, and not a folder');
      this.dressFolder(this.folders.get(''), entry, path);
      return;
    }
    this.make(entry, { path, ...splitPath(path) });
    if (this.options.overLayers) this.remember(path);
  }

  data(bytes: Buffer, offset: number): void {
    this.file?.body.write(bytes, offset);
  }

  end(): void {
    if (!this.file) return;
    const { fd, entry, path, body } = this.file;
    body.finish(entry.size);
    this.dress(fd, entry, path);
    this.file = undefined;
    close(fd);
  }

  /** After the last entry: folders get their times, which filling them has changed. */
  finish(): void {
    this.folders.eachTime((fd, { seconds, nanoseconds }) => void setTime(fd, seconds, nanoseconds));
  }

  dispose(): void {
    if (this.file) close(this.file.fd);
    this.file = undefined;
    this.folders.dispose();
  }

  private make(entry: TarEntry, place: Place): void {
    switch (entry.type) {
      case 'file':
        this.makeFile(entry, place);
        break;
      case 'directory':
        this.makeFolder(entry, place);
        break;
      case 'symlink':
        this.replacing(place, 'symlinkat', (dirfd) => symlinkAt(entry.link, dirfd, place.base));
        this.dressNode(entry, place);
        break;
      case 'hardlink':
        this.makeLink(entry, place);
        break;
      default:
        this.makeNode(entry, place);
    }
  }

  private makeFile(entry: TarEntry, place: Place): void {
    const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
    const fd = this.replacing(place, 'openat2', (dirfd) => openAt2(dirfd, place.base, flags, 0o600, IN_FOLDER));
    this.file = { fd, entry, path: place.path, body: new FileBody(fd) };
  }

  private makeFolder(entry: TarEntry, place: Place): void {
    const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
    const made = mkdirAt(this.dirOf(place), place.base, 0o700);
    if (made < 0 && made !== -EEXIST) throw failedCall('mkdirat', made, place.path);
    let fd = openAt2(this.dirOf(place), place.base, flags, 0, IN_FOLDER);
    if (fd < 0 && made === -EEXIST) {
      this.remove(place);
      const again = mkdirAt(this.dirOf(place), place.base, 0o700);
      if (again < 0) throw failedCall('mkdirat', again, place.path);
      fd = openAt2(this.dirOf(place), place.base, flags, 0, IN_FOLDER);
    }
    if (fd < 0) throw failedCall('openat2', fd, place.path);
    try {
      this.dressFolder(fd, entry, place.path);
    } finally {
      close(fd);
    }
  }

  private makeLink(entry: TarEntry, place: Place): void {
    const { parent, base } = splitPath(cleanName(entry.link));
    const link = (dirfd: number): number => {
      const from = base === '' ? undefined : this.folders.find(parent);
      return from === undefined ? -ENOENT : linkAt(from, base, dirfd, place.base);
    };
    const linked = this.replacing(place, 'linkat', link, [ENOENT, EPERM, EXDEV, EMLINK]);
    if (linked === -ENOENT) throw refused(entry.name, 'is a hard link to nothing');
    if (linked < 0) throw refused(entry.name, 'is a hard link to what cannot have one');
  }

  private makeNode(entry: TarEntry, place: Place): void {
    const { type, deviceMajor, deviceMinor } = entry;
    if (type !== 'fifo' && !this.options.devices) {
      this.skippedDevices++;
      return;
    }
    // overlayfs.rst §whiteouts and opaque directories: character device 0/0 is how it writes "not there".
    if (type === 'character' && deviceMajor === 0 && deviceMinor === 0)
      throw refused(entry.name, 'is an overlay whiteout');
    if (deviceMajor > 0xfff || deviceMinor > 0xfffff) throw refused(entry.name, 'is a device of an impossible number');
    const kind = type === 'fifo' ? S_IF.IFO : type === 'character' ? S_IF.CHR : S_IF.BLK;
    const device = type === 'fifo' ? 0 : makeDevice(deviceMajor, deviceMinor);
    this.replacing(place, 'mknodat', (dirfd) => mknodAt(dirfd, place.base, kind | 0o600, device));
    this.dressNode(entry, place);
  }

  /** Makes something under a name, once more after clearing what had that name. Throws unless the errno is expected. */
  private replacing(
    place: Place,
    call: string,
    make: (dirfd: number) => number,
    expected: readonly number[] = [],
  ): number {
    let result = make(this.dirOf(place));
    if (result === -EEXIST) {
      this.remove(place);
      result = make(this.dirOf(place));
    }
    if (result < 0 && !expected.includes(-result)) throw failedCall(call, result, place.path);
    return result;
  }

  /** Looked up anew for each call: removing something may have closed it. */
  private dirOf({ parent }: Place): number {
    return this.folders.get(parent);
  }

  private remove(place: Place, keep?: (path: ByteString) => boolean): void {
    const dirfd = this.dirOf(place);
    const status = statusAt(dirfd, place.base);
    removeAt(dirfd, place.base, place.path, keep);
    const kind = (status?.mode ?? 0) & S_IF.MT;
    if (kind === S_IF.DIR || kind === S_IF.LNK) this.folders.forget(place.path);
  }

  private whiteOut(path: ByteString, whiteout: Whiteout): void {
    const { parent } = splitPath(path);
    const dirfd = this.folders.find(parent);
    if (dirfd === undefined || whiteout.kind === 'ignore') return;
    const names = whiteout.kind === 'opaque' ? namesIn(dirfd) : [whiteout.base];
    for (const base of names) {
      const place = { path: parent === '' ? base : `${parent}/${base}`, parent, base };
      this.remove(place, (child) => this.brought.has(child));
    }
  }

  private remember(path: ByteString): void {
    for (let at = path; at !== '' && !this.brought.has(at); at = splitPath(at).parent) this.brought.add(at);
  }

  private dressFolder(fd: number, entry: TarEntry, path: ByteString): void {
    this.dress(fd, entry, path);
    this.folders.setTime(path, entry);
  }

  /** Owner first: changing it takes set-ids and capabilities away. */
  private dress(fd: number, entry: TarEntry, path: ByteString): void {
    this.owned(chown(fd, entry.uid, entry.gid), entry);
    const changed = chmod(fd, entry.mode);
    if (changed < 0) throw failedCall('fchmod', changed, path);
    if (entry.xattrs.size > 0) this.setXattrs(entry, (name, value) => setXattrOn(fd, name, value));
    const timed = setTime(fd, entry.seconds, entry.nanoseconds);
    if (timed < 0) throw failedCall('futimens', timed, path);
  }

  private dressNode(entry: TarEntry, place: Place): void {
    const dirfd = this.dirOf(place);
    this.owned(chownAt(dirfd, place.base, entry.uid, entry.gid), entry);
    const changed = entry.type === 'symlink' ? 0 : chmodAt(dirfd, place.base, entry.mode);
    if (changed < 0) throw failedCall('fchmodat', changed, place.path);
    if (entry.xattrs.size > 0) this.setXattrs(entry, (name, value) => setXattr(pathIn(dirfd, place.base), name, value));
    setTimeAt(dirfd, place.base, entry.seconds, entry.nanoseconds);
  }

  private owned(result: number, entry: TarEntry): void {
    if (result === 0) return;
    if (result !== -EINVAL) throw failedCall('fchown', result, entry.name);
    throw refused(entry.name, `belongs to user ${entry.uid} and group ${entry.gid}, for whom there is no id here`, {
      hint: 'give your user more subordinate ids in /etc/subuid and /etc/subgid',
    });
  }

  private setXattrs(entry: TarEntry, setOne: (name: ByteString, value: Buffer) => number): void {
    for (const [name, value] of entry.xattrs) {
      if (isOverlayXattr(name)) continue;
      const set = setOne(name, value);
      // What the file system or the namespace has no room for is left out, as Docker's and containerd's unpackers do.
      if (set < 0 && set !== -ENOTSUP && set !== -EPERM) throw failedCall('setxattr', set, entry.name);
    }
  }
}
