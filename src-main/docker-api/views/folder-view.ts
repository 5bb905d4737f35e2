import type { FolderListing } from '../../containers/rootfs/list-folder.ts';
import { S_IF } from '../../linux/statx.ts';

/** A file as our own clients are told of it. */
export interface FileView {
  readonly Name: string;
  readonly Kind: 'folder' | 'file' | 'link' | 'other';
  /** Bytes. */
  readonly Size: number;
  /** Permissions: the last twelve bits of inode(7)'s mode. */
  readonly Mode: number;
  readonly ChangedAt: string;
  /** What it says, of a link. */
  readonly Target: string;
  readonly LeadsIn: boolean;
}

const KIND: Readonly<Record<number, FileView['Kind']>> = {
  [S_IF.DIR]: 'folder',
  [S_IF.REG]: 'file',
  [S_IF.LNK]: 'link',
};

export function folderView({ files, truncated }: FolderListing): { Files: FileView[]; Truncated: boolean } {
  const utf8 = (bytes: string): string => Buffer.from(bytes, 'latin1').toString('utf8');
  return {
    Files: files.map(({ name, status, link, leadsIn }) => ({
      Name: utf8(name),
      Kind: KIND[status.mode & S_IF.MT] ?? 'other',
      Size: status.size,
      Mode: status.mode & 0o7777,
      ChangedAt: new Date(status.seconds * 1000).toISOString(),
      Target: utf8(link),
      LeadsIn: leadsIn,
    })),
    Truncated: truncated,
  };
}
