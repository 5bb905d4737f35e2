import { Failure } from '../../base/failure.ts';
import { type ByteString, close, openAt2, readLinkAt, statusAt } from '../../linux/dir-fd.ts';
import { O } from '../../linux/fd.ts';
import { S_IF } from '../../linux/statx.ts';
import { type PathStatus, SEEN } from './path-archive.ts';
import { cleanName } from './tree-names.ts';
import { namesIn } from './tree-removal.ts';

export interface ListedFile extends PathStatus {
  /** A folder, or a link to one. */
  readonly leadsIn: boolean;
}

export interface FolderListing {
  /** By name. */
  readonly files: readonly ListedFile[];
  /** There are more than were asked for. */
  readonly truncated: boolean;
}

/** What is in the folder a path leads to, at most `max` files of it. What goes away meanwhile is left out. */
export function listFolder(root: number, path: ByteString, max: number): FolderListing {
  const clean = cleanName(path);
  const folder = openAt2(root, clean === '' ? '.' : clean, O.RDONLY | O.DIRECTORY, 0, SEEN);
  if (folder < 0) throw new Failure('not-found', 'no-such-folder', `Could not find the folder ${path}`);
  try {
    const names = namesIn(folder).sort();
    const files = names.slice(0, max).flatMap((name): ListedFile[] => {
      const status = statusAt(folder, name);
      if (status === undefined) return [];
      const kind = status.mode & S_IF.MT;
      const isLink = kind === S_IF.LNK;
      const leadsIn = isLink ? isFolderAt(root, `${clean}/${name}`) : kind === S_IF.DIR;
      return [{ name, status, link: isLink ? (readLinkAt(folder, name) ?? '') : '', leadsIn }];
    });
    return { files, truncated: names.length > max };
  } finally {
    close(folder);
  }
}

function isFolderAt(root: number, path: ByteString): boolean {
  const fd = openAt2(root, cleanName(path), O.PATH | O.DIRECTORY, 0, SEEN);
  if (fd < 0) return false;
  close(fd);
  return true;
}
