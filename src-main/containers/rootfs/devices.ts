import { closeSync, existsSync, fstatSync, openSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import { O } from '../../linux/fd.ts';
import { type InRoot, S_IF } from '../../linux/in-root.ts';
import { attachMount, cloneTree, cloneTreeOf } from '../../linux/mount.ts';
import type { Device } from '../runtime/spec/linux.ts';

/** OCI runtime 1.2 config-linux §Default Devices. */
const DEFAULT_DEVICES: readonly Device[] = [
  ['/dev/null', 1, 3],
  ['/dev/zero', 1, 5],
  ['/dev/full', 1, 7],
  ['/dev/random', 1, 8],
  ['/dev/urandom', 1, 9],
  ['/dev/tty', 5, 0],
].map(([path, major, minor]) => ({ path, type: 'c', major, minor, fileMode: 0o666, uid: 0, gid: 0 }) as Device);

/** OCI runtime 1.2 runtime-linux §Dev symbolic links. */
const LINKS: readonly (readonly [string, string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
];

const FILE_TYPES = { c: S_IF.CHR, u: S_IF.CHR, b: S_IF.BLK, p: S_IF.FIFO } as const;

/** Linux kdev_t.h: as stat(2) has it. */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + ((major & 0xfff) << 8) + (minor & ~0xff) * 0x1000;
}

/** Makes the default devices and those of the configuration; in a user namespace, where nobody may, binds the host's. */
export function makeDevices(root: InRoot, devices: readonly Device[], bind: boolean): void {
  const all = [...DEFAULT_DEVICES.filter(({ path }) => !devices.some((own) => own.path === path)), ...devices];
  for (const device of all) {
    if (bind && device.type !== 'p') bindDevice(root, device);
    else closeSync(root.makeNode(device.path, nodeOf(device)));
  }
  for (const [path, target] of LINKS) root.makeLink(path, target);
  if (existsSync('/proc/kcore')) root.makeLink('/dev/core', '/proc/kcore');
  root.remove('/dev/ptmx');
  root.makeLink('/dev/ptmx', 'pts/ptmx');
}

function nodeOf({ type, major = 0, minor = 0, fileMode = 0o666, uid = 0, gid = 0 }: Device) {
  const device = type === 'p' ? 0 : deviceNumber(major, minor);
  return { mode: FILE_TYPES[type] | (fileMode & 0o7777), device, uid, gid };
}

function bindDevice(root: InRoot, { path }: Device): void {
  const target = root.makeFile(path, 0o666);
  const tree = cloneTree(path, false);
  try {
    attachMount(tree, target, path);
  } finally {
    closeSync(tree);
    closeSync(target);
  }
}

/** The host's /dev/null, open, and known to be it. */
export function openHostNull(): number {
  const fd = openSync('/dev/null', O.PATH | O.NOFOLLOW);
  const { mode, rdev } = fstatSync(fd);
  if ((mode & 0o170000) === S_IF.CHR && rdev === deviceNumber(1, 3)) return fd;
  closeSync(fd);
  throw new Failure('host', 'no-null-device', '/dev/null: is not the null device');
}

/** Puts a terminal's slave where /dev/console is: the open descriptor, not a path in the container (CVE-2025-52565). */
export function mountConsole(root: InRoot, slave: number): void {
  const target = root.makeFile('/dev/console', 0o600);
  const tree = cloneTreeOf(slave, false, '/dev/console');
  try {
    attachMount(tree, target, '/dev/console');
  } finally {
    closeSync(tree);
    closeSync(target);
  }
}
