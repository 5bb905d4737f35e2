import { Failure } from '../../base/failure.ts';
import type { ByteString } from '../../linux/dir-fd.ts';

export type EntryType = 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

/** A run of bytes a sparse file really has. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

export interface TarEntry {
  readonly type: EntryType;
  /** As written in the archive: may be absolute, may climb. */
  readonly name: ByteString;
  /** What a link points to. */
  readonly link: ByteString;
  /** Permission bits, set-ids and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of the file, holes included. */
  readonly size: number;
  /** Modification time: seconds and nanoseconds since 1970. */
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  readonly xattrs: ReadonlyMap<ByteString, Buffer>;
  /** Where a sparse file's bytes belong; undefined for a file without holes. */
  readonly extents: readonly Extent[] | undefined;
}

export const BLOCK = 512;

/** ustar interchange format, POSIX.1-2017 pax §"ustar Interchange Format": offset and length of each field. */
export const USTAR = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  deviceMajor: [329, 8],
  deviceMinor: [337, 8],
  prefix: [345, 155],
} as const;

/** The type flags that make a thing; all others are refused, or say something about the next. */
export const entryTypes: Readonly<Record<string, EntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  S: 'file',
};

export function badArchive(why: string): Failure {
  return new Failure('failed', 'bad-archive', `archive: ${why}`);
}
