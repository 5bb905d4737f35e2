import type { PathStatus } from '../../containers/rootfs/path-archive.ts';
import { S_IF } from '../../linux/statx.ts';

/** Go's io/fs FileMode: the bits above the permissions, by the file type and bits of inode(7). */
const GO_TYPE: Readonly<Record<number, number>> = {
  [S_IF.DIR]: 2 ** 31,
  [S_IF.LNK]: 2 ** 27,
  [S_IF.BLK]: 2 ** 26,
  [S_IF.IFO]: 2 ** 25,
  [S_IF.SOCK]: 2 ** 24,
  [S_IF.CHR]: 2 ** 26 + 2 ** 21,
};
const GO_BITS: readonly (readonly [mode: number, go: number])[] = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
];

/** Docker API 1.47 ContainerArchiveInfo: what `X-Docker-Container-Path-Stat` says, base64 of JSON. */
export function pathStatView({ name, status, link }: PathStatus): string {
  const utf8 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
  const bits = GO_BITS.filter(([bit]) => status.mode & bit).reduce((sum, [, go]) => sum + go, 0);
  const view = {
    name: utf8(name),
    size: status.size,
    mode: (GO_TYPE[status.mode & S_IF.MT] ?? 0) + bits + (status.mode & 0o777),
    mtime: new Date(status.seconds * 1000 + Math.floor(status.nanoseconds / 1e6)).toISOString(),
    linkTarget: utf8(link),
  };
  return Buffer.from(JSON.stringify(view)).toString('base64');
}
