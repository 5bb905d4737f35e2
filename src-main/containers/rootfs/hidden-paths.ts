import { closeSync, fstatSync } from 'node:fs';
import { O } from '../../linux/fd.ts';
import type { InRoot } from '../../linux/in-root.ts';
import { cloneTreeOf, MOUNT_ATTR, newFileSystem, setMountAttributes } from '../../linux/mount.ts';
import { place } from './mounts.ts';

/**
 * OCI runtime 1.2 config-linux §Masked Paths: a file shows nothing, a folder is empty. The null device is the host's,
 * open since before the container could touch anything (CVE-2025-31133), and what is masked is what was opened.
 */
export function maskPaths(root: InRoot, paths: readonly string[], hostNull: number): void {
  for (const path of paths) {
    const target = root.findIfThere(path);
    if (target < 0) continue;
    const mount = fstatSync(target).isDirectory()
      ? newFileSystem({
          type: 'tmpfs',
          source: 'tmpfs',
          options: ['nr_blocks=1', 'nr_inodes=1'],
          attributes: MOUNT_ATTR.RDONLY,
        })
      : cloneTreeOf(hostNull, false, path);
    try {
      place(mount, target, path);
    } finally {
      closeSync(mount);
    }
  }
}

/** OCI runtime 1.2 config-linux §Readonly Paths. */
export function makeReadonly(root: InRoot, paths: readonly string[]): void {
  for (const path of paths) {
    const target = root.findIfThere(path, O.PATH);
    if (target < 0) continue;
    const mount = cloneTreeOf(target, true, path);
    try {
      setMountAttributes(mount, { set: MOUNT_ATTR.RDONLY, recursive: true }, path);
      place(mount, target, path);
    } finally {
      closeSync(mount);
    }
  }
}
