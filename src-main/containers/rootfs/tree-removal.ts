import { readdirSync } from 'node:fs';
import os from 'node:os';
import { AT, type ByteString, close, openAt2, RESOLVE, unlinkAt } from '../../linux/dir-fd.ts';
import { O } from '../../linux/fd.ts';
import { failedCall } from './tree-folders.ts';

const { ENOENT, EISDIR, EPERM, ENOTEMPTY, EEXIST } = os.constants.errno;

export function namesIn(fd: number): ByteString[] {
  return readdirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1' });
}

/**
 * Removes `name` in the folder `dirfd` and, of a folder, all below it, without following anything. What `keep` says
 * yes to (by its path under `path`) stays, and so do the folders it is in. Whether something was removed.
 */
export function removeAt(
  dirfd: number,
  name: ByteString,
  path: ByteString,
  keep: (path: ByteString) => boolean = () => false,
): boolean {
  const kept = keep(path);
  if (!kept) {
    const removed = unlinkAt(dirfd, name);
    if (removed === 0) return true;
    if (removed === -ENOENT) return false;
    if (removed !== -EISDIR && removed !== -EPERM) throw failedCall('unlinkat', removed, path);
  }
  const fd = openAt2(dirfd, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW, 0, RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS);
  if (fd < 0) {
    if (kept) return false;
    throw failedCall('openat2', fd, path);
  }
  try {
    for (const child of namesIn(fd)) removeAt(fd, child, `${path}/${child}`, keep);
  } finally {
    close(fd);
  }
  if (kept) return false;
  const removed = unlinkAt(dirfd, name, AT.REMOVEDIR);
  if (removed === 0) return true;
  if (removed === -ENOTEMPTY || removed === -EEXIST) return false;
  throw failedCall('unlinkat', removed, path);
}
