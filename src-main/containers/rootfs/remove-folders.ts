import { randomBytes } from 'node:crypto';
import os from 'node:os';
import { AT, type ByteString, close, openAt2, RESOLVE, renameAt, unlinkAt } from '../../linux/dir-fd.ts';
import { Fd, O } from '../../linux/fd.ts';
import { failedCall } from './tree-folders.ts';
import { splitPath } from './tree-names.ts';
import { namesIn } from './tree-removal.ts';

const { ENOENT, EISDIR, EPERM } = os.constants.errno;

/** Deeper than this, folders are first moved up: a container can nest them beyond any path's length. */
const DEPTH_MAX = 64;

/** Deletes a folder and all below it, following nothing. None there is no error, nor are others that delete it too. */
export function removeFolder(folder: string): void {
  const { parent, base } = splitPath(Buffer.from(folder).toString('latin1'));
  let above: Fd;
  try {
    above = Fd.open(Buffer.from(parent, 'latin1').toString(), O.RDONLY | O.DIRECTORY);
  } catch (error) {
    if ((error as { errnoName?: string }).errnoName === 'ENOENT') return;
    throw error;
  }
  const deep: ByteString[] = [base];
  const moveUp = (dirfd: number, name: ByteString): void => {
    const place = `.deep-${randomBytes(8).toString('hex')}`;
    const result = renameAt(dirfd, name, above.number, place);
    if (result === -ENOENT) return;
    if (result < 0) throw failedCall('renameat', result, name);
    deep.push(place);
  };
  try {
    for (let next = deep.pop(); next !== undefined; next = deep.pop()) removeBelow(above.number, next, 0, moveUp);
  } finally {
    above.dispose();
  }
}

function removeBelow(
  dirfd: number,
  name: ByteString,
  depth: number,
  moveUp: (dirfd: number, name: ByteString) => void,
): void {
  const removed = unlinkAt(dirfd, name);
  if (removed === 0 || removed === -ENOENT) return;
  if (removed !== -EISDIR && removed !== -EPERM) throw failedCall('unlinkat', removed, name);
  if (depth === DEPTH_MAX) {
    moveUp(dirfd, name);
    return;
  }
  const fd = openAt2(dirfd, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW, 0, RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS);
  if (fd === -ENOENT) return;
  if (fd < 0) throw failedCall('openat2', fd, name);
  try {
    for (const child of namesIn(fd)) removeBelow(fd, child, depth + 1, moveUp);
  } finally {
    close(fd);
  }
  const gone = unlinkAt(dirfd, name, AT.REMOVEDIR);
  if (gone < 0 && gone !== -ENOENT) throw failedCall('unlinkat', gone, name);
}
