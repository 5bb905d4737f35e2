import { closeSync, readSync } from 'node:fs';
import { checked, errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cUmount = libcFunction<[string, number], number>('int umount2(const char *target, int flags)');
const cPivotRoot = libcFunction<[number, string, string], number>(
  'long syscall(long number, const char *newRoot, const char *oldRoot)',
);
const cOpenTree = libcFunction<[number, number, string, number], number>(
  'long syscall(long number, int folder, const char *path, unsigned int flags)',
);
const cMoveMount = libcFunction<[number, number, string, number, string, number], number>(
  'long syscall(long number, int from, const char *fromPath, int to, const char *toPath, unsigned int flags)',
);
const cFsopen = libcFunction<[number, string, number], number>(
  'long syscall(long number, const char *type, unsigned int flags)',
);
const cFsconfig = libcFunction<[number, number, number, string | null, string | null, number], number>(
  'long syscall(long number, int fd, unsigned int command, const char *key, const char *value, int extra)',
);
const cFsmount = libcFunction<[number, number, number, number], number>(
  'long syscall(long number, int fd, unsigned int flags, unsigned int attributes)',
);
const cMountSetattr = libcFunction<[number, number, string, number, BigUint64Array, number], number>(
  'long syscall(long number, int folder, const char *path, unsigned int flags, void *attributes, size_t size)',
);

/** System call numbers, x86-64. */
const SYS = {
  PIVOT_ROOT: 155,
  OPEN_TREE: 428,
  MOVE_MOUNT: 429,
  FSOPEN: 430,
  FSCONFIG: 431,
  FSMOUNT: 432,
  MOUNT_SETATTR: 442,
} as const;

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const CLOEXEC = 0o2000000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x04;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const FSCONFIG = { SET_FLAG: 0, SET_STRING: 1, CMD_CREATE: 6 } as const;
const MNT_DETACH = 2;

/** mount_setattr(2): what a mount allows. */
export const MOUNT_ATTR = {
  RDONLY: 0x01,
  NOSUID: 0x02,
  NODEV: 0x04,
  NOEXEC: 0x08,
  /** The bits of the access-time policy; of these RELATIME is 0. */
  ATIME: 0x70,
  NOATIME: 0x10,
  STRICTATIME: 0x20,
  NODIRATIME: 0x80,
  NOSYMFOLLOW: 0x20_0000,
} as const;

/** mount(2): how mount and unmount events spread between peers. */
export const PROPAGATION = {
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
} as const;
export type Propagation = keyof typeof PROPAGATION;

/** open_tree(2): a copy of what is mounted at a path, not yet anywhere; with all below it when `recursive`. */
export function cloneTree(path: string, recursive: boolean): number {
  const flags = OPEN_TREE_CLONE | CLOEXEC | (recursive ? AT_RECURSIVE : 0);
  return checked(cOpenTree(SYS.OPEN_TREE, AT_FDCWD, path, flags), 'open_tree', path);
}

/** The same of an open file or folder. */
export function cloneTreeOf(fd: number, recursive: boolean, object: string): number {
  const flags = OPEN_TREE_CLONE | CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  return checked(cOpenTree(SYS.OPEN_TREE, fd, '', flags), 'open_tree', object);
}

/** move_mount(2): puts a mount of `cloneTree` or `newFileSystem` where `target` is open. No path is walked. */
export function attachMount(mount: number, target: number, object: string): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  checked(cMoveMount(SYS.MOVE_MOUNT, mount, '', target, '', flags), 'move_mount', object);
}

export interface MountAttributes {
  readonly set?: number;
  readonly clear?: number;
  readonly propagation?: Propagation;
  readonly recursive?: boolean;
}

/** mount_setattr(2) on an open mount. */
export function setMountAttributes(mount: number, attributes: MountAttributes, object: string): void {
  const { set = 0, clear = 0, propagation, recursive = false } = attributes;
  const structure = new BigUint64Array([
    BigInt(set),
    BigInt(clear),
    BigInt(propagation === undefined ? 0 : PROPAGATION[propagation]),
    0n,
  ]);
  const flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  checked(cMountSetattr(SYS.MOUNT_SETATTR, mount, '', flags, structure, 32), 'mount_setattr', object);
}

/** mount_setattr(2) by path, for the propagation of what is mounted there already. */
export function setPropagation(path: string, propagation: Propagation, recursive: boolean): void {
  const structure = new BigUint64Array([0n, 0n, BigInt(PROPAGATION[propagation]), 0n]);
  const flags = recursive ? AT_RECURSIVE : 0;
  checked(cMountSetattr(SYS.MOUNT_SETATTR, AT_FDCWD, path, flags, structure, 32), 'mount_setattr', path);
}

export interface FileSystemRequest {
  readonly type: string;
  readonly source?: string;
  /** `size=64m`, `mode=755`, or a flag by its name. */
  readonly options: readonly string[];
  /** MOUNT_ATTR bits. */
  readonly attributes: number;
  /** SB_RDONLY: of the file system itself, not of this mount of it. */
  readonly readonly?: boolean;
}

/** fsopen(2), fsconfig(2), fsmount(2): a new file system, not yet mounted anywhere. */
export function newFileSystem(request: FileSystemRequest): number {
  const { type, source, options, attributes } = request;
  const fd = checked(cFsopen(SYS.FSOPEN, type, 1), 'fsopen', type);
  try {
    const configure = (command: number, key: string | null, value: string | null): void => {
      if (cFsconfig(SYS.FSCONFIG, fd, command, key, value, 0) >= 0) return;
      const code = errno();
      throw new SystemCallFailure('fsconfig', code, `${type}${key === null ? '' : `: ${key}`}${whatItSays(fd)}`);
    };
    if (source !== undefined && source !== '') configure(FSCONFIG.SET_STRING, 'source', source);
    if (request.readonly) configure(FSCONFIG.SET_FLAG, 'ro', null);
    for (const option of options) {
      const at = option.indexOf('=');
      if (at < 0) configure(FSCONFIG.SET_FLAG, option, null);
      else configure(FSCONFIG.SET_STRING, option.slice(0, at), option.slice(at + 1));
    }
    configure(FSCONFIG.CMD_CREATE, null, null);
    return checked(cFsmount(SYS.FSMOUNT, fd, 1, attributes), 'fsmount', type);
  } finally {
    closeSync(fd);
  }
}

/** The kernel's own words about a failed fsconfig(2), which its descriptor gives out. */
function whatItSays(fd: number): string {
  try {
    const bytes = Buffer.alloc(1024);
    const text = bytes
      .toString('utf8', 0, readSync(fd, bytes))
      .replace(/^[ewi] /, '')
      .trim();
    return text === '' ? '' : ` (${text})`;
  } catch {
    return '';
  }
}

export function pivotRoot(newRoot: string, oldRoot: string): void {
  checked(cPivotRoot(SYS.PIVOT_ROOT, newRoot, oldRoot), 'pivot_root', newRoot);
}

/** umount2(2), lazily: the mount is gone from here at once, and for good when nobody uses it any more. */
export function detachMount(path: string): void {
  checked(cUmount(path, MNT_DETACH), 'umount2', path);
}

/** Unmounts what is mounted at `path`, if anything is. */
export function detachIfMounted(path: string): boolean {
  if (cUmount(path, MNT_DETACH) === 0) return true;
  const code = errno();
  const name = errnoName(code);
  if (name === 'EINVAL' || name === 'ENOENT' || name === 'ENOTDIR') return false;
  throw new SystemCallFailure('umount2', code, path);
}
