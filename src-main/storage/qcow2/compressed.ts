/** Compressed clusters: QEMU docs/interop/qcow2 "Compressed Clusters Descriptor". */
import * as zlib from 'node:zlib';
import { Failure } from '../../base/failure.ts';
import type { Compression } from './header.ts';

const SECTOR = 512;

/** Where a compressed cluster is: any byte of the file, and so many bytes at most. */
export interface CompressedExtent {
  readonly offset: number;
  readonly length: number;
}

/** What an L2 entry with the compressed bit says. */
export function decodeCompressed(high: number, low: number, clusterBits: number): CompressedExtent {
  const shift = 62 - (clusterBits - 8) - 32;
  const offset = (high & (2 ** shift - 1)) * 0x1_0000_0000 + low;
  const additionalSectors = (high & 0x3fff_ffff) >>> shift;
  return { offset, length: (additionalSectors + 1) * SECTOR - (offset % SECTOR) };
}

export function encodeCompressed(
  { offset, length }: CompressedExtent,
  clusterBits: number,
): readonly [high: number, low: number] {
  const shift = 62 - (clusterBits - 8) - 32;
  const additionalSectors = Math.ceil(((offset % SECTOR) + length) / SECTOR) - 1;
  const high = (0x4000_0000 | (additionalSectors * 2 ** shift) | Math.floor(offset / 0x1_0000_0000)) >>> 0;
  return [high, offset % 0x1_0000_0000];
}

/** Node 22.15 and Electron have zstd; an older Node has not. */
export const hasZstd = typeof zlib.zstdDecompressSync === 'function';

export function requireCompression(compression: Compression, object: string): void {
  if (compression === 'zlib' || hasZstd) return;
  throw new Failure('host', 'no-zstd', `${object}: is compressed with zstd, which this Node.js does not know`, {
    hint: 'use Node.js 22.15 or later, or the desktop app',
  });
}

/** Unpacks a cluster; undefined when it is not what it should be. What follows in `packed` is somebody else's. */
export function unpack(packed: Uint8Array, compression: Compression, clusterBytes: number): Uint8Array | undefined {
  try {
    const bytes =
      compression === 'zlib'
        ? zlib.inflateRawSync(packed, { maxOutputLength: clusterBytes, finishFlush: zlib.constants.Z_SYNC_FLUSH })
        : zlib.zstdDecompressSync(zstdFrame(packed), { maxOutputLength: clusterBytes });
    return bytes.length === clusterBytes ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Packs a cluster; undefined when that does not make it smaller. zlib's window has 4 KiB, as QEMU's reader expects. */
export function pack(bytes: Uint8Array, compression: Compression): Uint8Array | undefined {
  const packed = compression === 'zlib' ? zlib.deflateRawSync(bytes, { windowBits: 12 }) : zlib.zstdCompressSync(bytes);
  return packed.length < bytes.length ? packed : undefined;
}

/** The first frame in `bytes`, without what follows: RFC 8878 §3.1.1. */
function zstdFrame(bytes: Uint8Array): Uint8Array {
  const descriptor = bytes[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const contentSizeFlag = descriptor >> 6;
  const contentSizeBytes = contentSizeFlag === 0 ? (singleSegment ? 1 : 0) : 2 ** contentSizeFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  let at = 5 + (singleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes;
  for (let last = false; !last && at + 3 <= bytes.length; ) {
    const header = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    last = (header & 1) !== 0;
    const runLength = ((header >> 1) & 3) === 1;
    at += 3 + (runLength ? 1 : header >> 3);
  }
  return bytes.subarray(0, at + (descriptor & 4 ? 4 : 0));
}
