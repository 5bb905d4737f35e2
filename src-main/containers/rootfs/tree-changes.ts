import { type ByteString, close, statusAt } from '../../linux/dir-fd.ts';
import { S_IF, type Status } from '../../linux/statx.ts';
import { getXattr, pathIn } from '../../linux/xattr.ts';
import type { Change } from './snapshots.ts';
import { openFolder } from './tree-reader.ts';
import { namesIn } from './tree-removal.ts';

/** A change by its path from the root, without a leading slash. */
export interface TreeChange {
  readonly kind: Change['kind'];
  readonly path: ByteString;
}

/**
 * What the upper folder of an overlay changes in what lies below: overlayfs.rst §whiteouts and opaque directories. A
 * folder counts as changed when it or anything in it is, as Docker counts.
 */
export function changesBetween(upper: number, lower: number | undefined): TreeChange[] {
  const changes: TreeChange[] = [];
  walk(upper, lower, '', false, changes);
  return changes;
}

function walk(upper: number, lower: number | undefined, path: ByteString, fresh: boolean, changes: TreeChange[]): void {
  const below = lower === undefined || fresh ? undefined : openFolder(lower, path);
  const here = openFolder(upper, path);
  if (here === undefined) return;
  try {
    const names = namesIn(here);
    const opaque = below !== undefined && isOpaque(here);
    const hidden = opaque ? namesIn(below).filter((name) => !names.includes(name)) : [];
    for (const name of [...names, ...hidden].sort()) {
      const child = path === '' ? name : `${path}/${name}`;
      const former = below === undefined ? undefined : statusAt(below, name);
      const status = statusAt(here, name);
      if (!status || isWhiteout(status)) {
        if (former) changes.push({ kind: 'D', path: child });
        continue;
      }
      visit(status, former, child, { upper, lower, changes });
    }
  } finally {
    if (below !== undefined) close(below);
    close(here);
  }
}

interface Trees {
  readonly upper: number;
  readonly lower: number | undefined;
  readonly changes: TreeChange[];
}

function visit(status: Status, former: Status | undefined, path: ByteString, { upper, lower, changes }: Trees): void {
  const kind = former ? 'C' : 'A';
  const folder = isFolder(status);
  const at = changes.length;
  if (folder) walk(upper, lower, path, !former || !isFolder(former), changes);
  const touched = !folder || !former || !isFolder(former) || differs(status, former) || changes.length > at;
  if (touched) changes.splice(at, 0, { kind, path });
}

const isFolder = ({ mode }: Status): boolean => (mode & S_IF.MT) === S_IF.DIR;

function differs(a: Status, b: Status): boolean {
  const same =
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.seconds === b.seconds &&
    a.nanoseconds === b.nanoseconds;
  return !same;
}

function isWhiteout({ mode, deviceMajor, deviceMinor }: Status): boolean {
  return (mode & S_IF.MT) === S_IF.CHR && deviceMajor === 0 && deviceMinor === 0;
}

function isOpaque(fd: number): boolean {
  return ['trusted.overlay.opaque', 'user.overlay.opaque'].some(
    (name) => getXattr(pathIn(fd, ''), name)?.toString() === 'y',
  );
}
