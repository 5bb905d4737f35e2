/** 9P2000.L on the wire: intro(5) of the Plan 9 manual, section 5, and diod's protocol.md. Numbers are little-endian. */

/** What is asked; the answer's number is one more. */
export const T = {
  LERROR: 6,
  STATFS: 8,
  LOPEN: 12,
  LCREATE: 14,
  SYMLINK: 16,
  MKNOD: 18,
  RENAME: 20,
  READLINK: 22,
  GETATTR: 24,
  SETATTR: 26,
  READDIR: 40,
  FSYNC: 50,
  LOCK: 52,
  GETLOCK: 54,
  LINK: 70,
  MKDIR: 72,
  RENAMEAT: 74,
  UNLINKAT: 76,
  VERSION: 100,
  ATTACH: 104,
  FLUSH: 108,
  WALK: 110,
  READ: 116,
  WRITE: 118,
  CLUNK: 120,
  REMOVE: 122,
} as const;

/** size[4] type[1] tag[2]. */
export const HEADER_BYTES = 7;
/** Rlerror: the header, ecode[4]. */
export const ERROR_BYTES = HEADER_BYTES + 4;
/** The most a message may have. Linux's virtio transport sends 500 KiB at most (net/9p/trans_virtio.c, VIRTQUEUE_NUM). */
export const MOST_BYTES = 512 * 1024;
export const NO_FID = 0xffff_ffff;

/** Asked of a message what it does not hold. */
export class ShortMessage extends Error {}

/** Reads a message's fields, one after another. File names are byte strings. */
export class MessageReader {
  private at = HEADER_BYTES;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.take(8), true);
  }

  /** A string: its length, its bytes. */
  text(): string {
    const bytes = this.rest(this.u16());
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }

  rest(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  private take(length: number): number {
    const { at } = this;
    if (at + length > this.bytes.length) throw new ShortMessage();
    this.at += length;
    return at;
  }
}

/** Writes an answer's fields, one after another, behind room for its header. */
export class MessageWriter {
  at = HEADER_BYTES;
  private readonly view: DataView;

  constructor(
    private readonly bytes: Uint8Array,
    /** How long the answer may become. */
    readonly limit: number,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get room(): number {
    return this.limit - this.at;
  }

  u8(value: number): this {
    this.view.setUint8(this.take(1), value);
    return this;
  }

  u16(value: number): this {
    this.view.setUint16(this.take(2), value, true);
    return this;
  }

  u32(value: number): this {
    this.view.setUint32(this.take(4), value >>> 0, true);
    return this;
  }

  u64(value: bigint): this {
    this.view.setBigUint64(this.take(8), BigInt.asUintN(64, value), true);
    return this;
  }

  text(value: string): this {
    this.u16(value.length);
    const at = this.take(value.length);
    Buffer.from(this.bytes.buffer, this.bytes.byteOffset + at, value.length).write(value, 'latin1');
    return this;
  }

  /** The next `length` bytes, to be filled in. */
  gap(length: number): Uint8Array {
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Takes back what was written after `at`. */
  cutTo(at: number): void {
    this.at = at;
  }

  /** Writes the header; the length of the whole. */
  finish(type: number, tag: number): number {
    this.view.setUint32(0, this.at, true);
    this.view.setUint8(4, type);
    this.view.setUint16(5, tag, true);
    return this.at;
  }

  private take(length: number): number {
    const { at } = this;
    if (at + length > this.limit) throw new ShortMessage();
    this.at += length;
    return at;
  }
}
