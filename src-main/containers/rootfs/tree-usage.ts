import { close, openAt2, RESOLVE, statusAt } from '../../linux/dir-fd.ts';
import { Fd, O } from '../../linux/fd.ts';
import { S_IF } from '../../linux/statx.ts';
import { namesIn } from './tree-removal.ts';

/** Deeper than any image; what a container hides below does not count. */
const DEPTH_MAX = 512;

/** Bytes of the files below a folder, each counted once however many names it has. */
export function treeUsage(folder: string): number {
  const seen = new Set<bigint>();
  const root = Fd.open(folder, O.RDONLY | O.DIRECTORY);
  try {
    return usageOf(root.number, seen, 0);
  } finally {
    root.dispose();
  }
}

function usageOf(dirfd: number, seen: Set<bigint>, depth: number): number {
  let bytes = 0;
  for (const name of namesIn(dirfd)) {
    const status = statusAt(dirfd, name);
    const kind = (status?.mode ?? 0) & S_IF.MT;
    if (status && kind === S_IF.REG) {
      if (status.links > 1 && seen.has(status.inode)) continue;
      if (status.links > 1) seen.add(status.inode);
      bytes += status.size;
    } else if (kind === S_IF.DIR && depth < DEPTH_MAX) {
      const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
      const fd = openAt2(dirfd, name, flags, 0, RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS);
      if (fd < 0) continue;
      try {
        bytes += usageOf(fd, seen, depth + 1);
      } finally {
        close(fd);
      }
    }
  }
  return bytes;
}
