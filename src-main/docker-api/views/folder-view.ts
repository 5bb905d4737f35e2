import type { FolderListing } from '../../containers/rootfs/list-folder.ts';
import { S_IF } from '../../linux/statx.ts';

/** A file as our own clients are told of it: no client of Docker's asks. */
export interface FileView {
  readonly name: string;
  readonly kind: 'folder' | 'file' | 'link' | 'other';
  readonly bytes: number;
  /** Permissions: the last twelve bits of inode(7)'s mode. */
  readonly mode: number;
  readonly changedAt: string;
  /** What it says, of a link. */
  readonly target: string;
  readonly leadsIn: boolean;
}

const KIND: Readonly<Record<number, FileView['kind']>> = {
  [S_IF.DIR]: 'folder',
  [S_IF.REG]: 'file',
  [S_IF.LNK]: 'link',
};

export function folderView({ files, truncated }: FolderListing): { files: FileView[]; truncated: boolean } {
  const utf8 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
  return {
    files: files.map(({ name, status, link, leadsIn }) => ({
      name: utf8(name),
      kind: KIND[status.mode & S_IF.MT] ?? 'other',
      bytes: status.size,
      mode: status.mode & 0o7777,
      changedAt: new Date(status.seconds * 1000).toISOString(),
      target: utf8(link),
      leadsIn,
    })),
    truncated,
  };
}
