import { BLOCK, badArchive, type Extent } from './tar-entry.ts';
import { parseDecimal, readNumber } from './tar-numbers.ts';

/** GNU tar manual, "Sparse Formats". */
const OLD_GNU = { extents: 386, extended: 482, realSize: 483 } as const;
const EXTENTS_IN_HEADER = 4;
const EXTENTS_IN_BLOCK = 21;
const EXTENT_BYTES = 24;
const FIELD = 12;

const EXTENTS_MAX = 1 << 16;

/** The old GNU format: four extents in the header, more in blocks that follow while the last says so. */
export function readOldGnuHeader(block: Buffer): { extents: Extent[]; more: boolean; realSize: number } {
  return {
    extents: readExtents(block, OLD_GNU.extents, EXTENTS_IN_HEADER),
    more: block[OLD_GNU.extended] !== 0,
    realSize: readNumber(block, OLD_GNU.realSize, FIELD),
  };
}

export function readOldGnuBlock(block: Buffer): { extents: Extent[]; more: boolean } {
  return {
    extents: readExtents(block, 0, EXTENTS_IN_BLOCK),
    more: block[EXTENTS_IN_BLOCK * EXTENT_BYTES] !== 0,
  };
}

function readExtents(block: Buffer, start: number, count: number): Extent[] {
  const extents: Extent[] = [];
  for (let index = 0; index < count; index++) {
    const at = start + index * EXTENT_BYTES;
    if (block[at] === 0) break;
    extents.push({ offset: readNumber(block, at, FIELD), length: readNumber(block, at + FIELD, FIELD) });
  }
  return extents;
}

/** Format 0.1: `offset,length,offset,length,…`; format 0.0's repeated records are gathered into the same. */
export function parseSparseList(text: string): Extent[] {
  const numbers = text === '' ? [] : text.split(',').map((number) => parseDecimal(number, 'a sparse map'));
  return pairs(numbers);
}

/**
 * Format 1.0: the map stands before the data, in whole blocks: the number of extents and their numbers, a line each.
 * undefined while more blocks are needed.
 */
export function parseSparseBlocks(body: Buffer): Extent[] | undefined {
  const lines = body.toString('latin1').split('\n');
  if (lines.length < 2) {
    if (body.length > BLOCK) throw badArchive('a sparse map is malformed');
    return undefined;
  }
  const count = parseDecimal(lines[0]!, 'a sparse map');
  if (count > EXTENTS_MAX) throw badArchive('a sparse map is too long');
  if (lines.length < 2 + count * 2) return undefined;
  return pairs(lines.slice(1, 1 + count * 2).map((line) => parseDecimal(line, 'a sparse map')));
}

function pairs(numbers: readonly number[]): Extent[] {
  if (numbers.length % 2 !== 0 || numbers.length > 2 * EXTENTS_MAX) throw badArchive('a sparse map is malformed');
  const extents: Extent[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    extents.push({ offset: numbers[index]!, length: numbers[index + 1]! });
  }
  return extents;
}

/** In order, without overlaps, within the file, and of exactly the bytes that are stored. */
export function checkExtents(extents: readonly Extent[], size: number, stored: number): readonly Extent[] {
  let end = 0;
  let total = 0;
  if (extents.length > EXTENTS_MAX) throw badArchive('a sparse map is too long');
  for (const { offset, length } of extents) {
    if (offset < end || !Number.isSafeInteger(offset + length)) throw badArchive('a sparse map overlaps itself');
    end = offset + length;
    total += length;
  }
  if (end > size || total !== stored) throw badArchive('a sparse map does not fit its file');
  return extents;
}
