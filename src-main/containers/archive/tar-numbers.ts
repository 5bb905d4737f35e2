import { BLOCK, badArchive, USTAR } from './tar-entry.ts';

/** A numeric field: octal, or base-256 where the first bit is set (GNU tar manual, "Basic Tar Format"). */
export function readNumber(block: Buffer, offset: number, length: number): number {
  const first = block[offset]!;
  if (first & 0x80) return readBase256(block, offset, length);
  let value = 0;
  let index = offset;
  const end = offset + length;
  while (index < end && (block[index] === 0x20 || block[index] === 0)) index++;
  for (; index < end; index++) {
    const digit = block[index]! - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  if (index < end && block[index] !== 0x20 && block[index] !== 0) throw badArchive('a number in a header is not octal');
  return value;
}

function readBase256(block: Buffer, offset: number, length: number): number {
  const negative = (block[offset]! & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let index = offset; index < offset + length; index++) {
    const byte = index === offset ? (block[index]! & 0x3f) | (negative ? 0xc0 : 0) : block[index]!;
    value = (value << 8n) | BigInt(byte);
  }
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw badArchive('a number in a header is too large');
  return number;
}

/** Up to the first zero byte, or the whole field. */
export function readText(block: Buffer, offset: number, length: number): string {
  const zero = block.indexOf(0, offset);
  return block.toString('latin1', offset, zero === -1 || zero > offset + length ? offset + length : zero);
}

/** POSIX.1-2017 pax: the sum of all bytes, the checksum field itself taken as spaces. Old writers summed signed bytes. */
export function checksumHolds(block: Buffer): boolean {
  const [start, length] = USTAR.checksum;
  const wanted = readNumber(block, start, length);
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < BLOCK; index++) {
    const byte = index >= start && index < start + length ? 0x20 : block[index]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  return wanted === unsigned || wanted === signed;
}

/** A pax time: decimal seconds with a fraction, possibly before 1970. */
export function parsePaxTime(text: string): { seconds: number; nanoseconds: number } {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (!match) throw badArchive(`${JSON.stringify(text)} is not a time`);
  const whole = Number(match[2]);
  const fraction = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] === '') return { seconds: whole, nanoseconds: fraction };
  return fraction === 0
    ? { seconds: -whole, nanoseconds: 0 }
    : { seconds: -whole - 1, nanoseconds: 1_000_000_000 - fraction };
}

export function parseDecimal(text: string, what: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw badArchive(`${what} is not a number`);
  return value;
}
