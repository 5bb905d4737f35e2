/** System description table header (ACPI 6.4 §5.2.6). */
const HEADER_LENGTH = 36;
const LENGTH = 4;
const REVISION = 8;
const CHECKSUM = 9;
const OEM_ID = 10;
const OEM_TABLE_ID = 16;
const OEM_REVISION = 24;
const CREATOR_ID = 28;
const CREATOR_REVISION = 32;

export const OEM = { id: 'BULKHD', table: 'BULKHEAD', creator: 'BLKH' } as const;

/** A table under construction: fields by their offset in the specification's table, little-endian. */
export class Table {
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  /** @param length bytes in all, header included */
  constructor(signature: string, revision: number, length: number) {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
    this.text(0, signature);
    this.u32(LENGTH, length);
    this.u8(REVISION, revision);
    this.text(OEM_ID, OEM.id);
    this.text(OEM_TABLE_ID, OEM.table);
    this.u32(OEM_REVISION, 1);
    this.text(CREATOR_ID, OEM.creator);
    this.u32(CREATOR_REVISION, 1);
  }

  /** A table whose body follows the header. */
  static of(signature: string, revision: number, body: Uint8Array): Table {
    const table = new Table(signature, revision, HEADER_LENGTH + body.length);
    table.bytes.set(body, HEADER_LENGTH);
    return table;
  }

  u8(at: number, value: number): void {
    this.view.setUint8(at, value);
  }

  u16(at: number, value: number): void {
    this.view.setUint16(at, value, true);
  }

  u32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  u64(at: number, value: number): void {
    this.view.setBigUint64(at, BigInt(value), true);
  }

  text(at: number, value: string): void {
    for (let i = 0; i < value.length; i++) this.u8(at + i, value.charCodeAt(i));
  }

  /** The finished bytes: all of them add up to zero. */
  seal(): Uint8Array {
    this.u8(CHECKSUM, 0);
    this.u8(CHECKSUM, checksum(this.bytes));
    return this.bytes;
  }
}

/** The byte that makes the sum of `bytes` zero. */
export function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}
