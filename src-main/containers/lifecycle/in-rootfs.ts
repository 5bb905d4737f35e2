import { readFileSync } from 'node:fs';
import { O } from '../../linux/fd.ts';
import { openInRoot } from '../../linux/in-root.ts';
import type { UserFiles } from './spec/user.ts';

/** A container chooses what its files are: nothing of the size of a bomb is read for a name in it. */
const FILE_MAX = 1 << 20;

/** passwd(5) and group(5) as the container has them; empty where they are missing or cannot be files. */
export function userFiles(rootfs: string): UserFiles {
  return { passwd: textIn(rootfs, '/etc/passwd'), group: textIn(rootfs, '/etc/group') };
}

function textIn(rootfs: string, path: string): string {
  try {
    // Non-blocking: a FIFO in the place of the file keeps nobody waiting.
    const fd = openInRoot(rootfs, path, O.NONBLOCK);
    try {
      return readFileSync(fd.number).subarray(0, FILE_MAX).toString('utf8');
    } finally {
      fd.dispose();
    }
  } catch {
    return '';
  }
}
