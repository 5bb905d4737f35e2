import { directoryRecord } from './directory-record.ts';
import { both16, both32, SECTOR } from './numbers.ts';

/** Volume descriptor types (ECMA-119 §8.1.1). */
const TYPE = { primary: 1, supplementary: 2, terminator: 255 } as const;
const STANDARD_ID = 'CD001';
/** A path table of the root alone: 8 bytes, its name of one byte, padding (ECMA-119 §9.4). */
const PATH_TABLE_BYTES = 10;
/** Joliet: UCS-2 level 3, as an escape sequence. */
const JOLIET_ESCAPE = '%/E';

export interface VolumeLayout {
  readonly joliet: boolean;
  readonly volume: string;
  /** Size of the whole image. */
  readonly sectors: number;
  readonly pathLittle: number;
  readonly pathBig: number;
  readonly root: number;
  readonly at: Date;
}

/** Primary or supplementary volume descriptor (ECMA-119 §8.4, §8.5). */
export function volumeDescriptor({ joliet, volume, sectors, pathLittle, pathBig, root, at }: VolumeLayout): Uint8Array {
  const { bytes, view } = descriptor(joliet ? TYPE.supplementary : TYPE.primary);
  const text = (offset: number, length: number, value = ''): void => putText(bytes, offset, length, value, joliet);
  text(8, 32);
  text(40, 32, volume);
  both32(view, 80, sectors);
  if (joliet) bytes.set(new TextEncoder().encode(JOLIET_ESCAPE), 88);
  both16(view, 120, 1);
  both16(view, 124, 1);
  both16(view, 128, SECTOR);
  both32(view, 132, PATH_TABLE_BYTES);
  view.setUint32(140, pathLittle, true);
  view.setUint32(148, pathBig);
  bytes.set(directoryRecord({ sector: root, length: SECTOR, directory: true, name: Uint8Array.of(0), at }), 156);
  for (const [offset, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ] as const) {
    text(offset, length);
  }
  for (const offset of [813, 830]) bytes.set(longDate(at), offset);
  for (const offset of [847, 864]) bytes.set(longDate(undefined), offset);
  bytes[881] = 1;
  return bytes;
}

export function terminator(): Uint8Array {
  return descriptor(TYPE.terminator).bytes;
}

export function pathTable(root: number, little: boolean): Uint8Array {
  const bytes = new Uint8Array(PATH_TABLE_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  view.setUint32(2, root, little);
  view.setUint16(6, 1, little);
  return bytes;
}

function descriptor(type: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(SECTOR);
  bytes[0] = type;
  bytes.set(new TextEncoder().encode(STANDARD_ID), 1);
  bytes[6] = 1;
  return { bytes, view: new DataView(bytes.buffer) };
}

/** Filled up with spaces; in Joliet all of it is big-endian UCS-2. */
function putText(bytes: Uint8Array, offset: number, length: number, value: string, wide: boolean): void {
  if (!wide) {
    bytes.set(new TextEncoder().encode(value.padEnd(length)).subarray(0, length), offset);
    return;
  }
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < Math.floor(length / 2); i++) view.setUint16(offset + 2 * i, value.charCodeAt(i) || 0x20);
}

/** ECMA-119 §8.4.26.1: digits, and the zone; all zero where there is no date. */
function longDate(at: Date | undefined): Uint8Array {
  const digits = at === undefined ? '0'.repeat(16) : `${at.toISOString().replace(/\D/g, '').slice(0, 14)}00`;
  return Uint8Array.of(...new TextEncoder().encode(digits), 0);
}
