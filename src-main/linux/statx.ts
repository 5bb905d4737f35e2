/** What statx(2) tells of a file; times in seconds and nanoseconds since 1970. */
export interface Status {
  /** With the file type. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
  readonly inode: bigint;
  /** Bytes. */
  readonly size: number;
  /** Of 512 bytes. */
  readonly blocks: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Of the file system it is on. */
  readonly onMajor: number;
  readonly onMinor: number;
}

/** struct statx, linux/stat.h: the same on every architecture. */
export const STATX_BYTES = 256;
/** STATX_BASIC_STATS. */
export const STATX_MASK = 0x7ff;

/** inode(7): the file type bits of a mode. */
export const S_IF = {
  MT: 0o170000,
  SOCK: 0o140000,
  LNK: 0o120000,
  REG: 0o100000,
  BLK: 0o060000,
  DIR: 0o040000,
  CHR: 0o020000,
  IFO: 0o010000,
} as const;

export function readStatx(buffer: Uint8Array): Status {
  const view = new DataView(buffer.buffer, buffer.byteOffset, STATX_BYTES);
  return {
    links: view.getUint32(0x10, true),
    uid: view.getUint32(0x14, true),
    gid: view.getUint32(0x18, true),
    mode: view.getUint16(0x1c, true),
    inode: view.getBigUint64(0x20, true),
    size: Number(view.getBigUint64(0x28, true)),
    blocks: Number(view.getBigUint64(0x30, true)),
    seconds: Number(view.getBigInt64(0x70, true)),
    nanoseconds: view.getUint32(0x78, true),
    deviceMajor: view.getUint32(0x80, true),
    deviceMinor: view.getUint32(0x84, true),
    onMajor: view.getUint32(0x88, true),
    onMinor: view.getUint32(0x8c, true),
  };
}
