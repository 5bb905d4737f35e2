import { Failure } from '../../base/failure.ts';
import { type ImageFile, writeBytes } from '../image-file.ts';
import { bytesPerL2Table, type Compression, EXTENSION, FIELD, INCOMPATIBLE, MAGIC } from './header.ts';

export interface CreateOptions {
  readonly size: number;
  /** 16, as QEMU's images have, unless said otherwise. */
  readonly clusterBits?: number;
  readonly refcountOrder?: number;
  readonly compression?: Compression;
  readonly backing?: { readonly name: string; readonly format: 'raw' | 'qcow2' };
}

const HEADER_BYTES = 112;
const MAX_L1_ENTRIES = (32 * 1024 * 1024) / 8;

/** Names of the feature bits we use, for programs that do not know them: type, bit, name. */
const FEATURE_NAMES = [
  [0, 0, 'dirty bit'],
  [0, 1, 'corrupt bit'],
  [0, 3, 'compression type'],
  [1, 0, 'lazy refcounts'],
] as const;

/** Writes an image without any data into an empty file. */
export function createQcow2(file: ImageFile, options: CreateOptions): void {
  const { size, clusterBits = 16, refcountOrder = 4 } = options;
  const clusterBytes = 2 ** clusterBits;
  const l1Entries = Math.ceil(size / bytesPerL2Table(clusterBits));
  if (l1Entries > MAX_L1_ENTRIES) {
    throw new Failure('usage', 'disk-too-large', `${file.object}: a qcow2 image cannot be that large`, {
      hint: `with clusters of ${clusterBytes} bytes at most ${MAX_L1_ENTRIES * bytesPerL2Table(clusterBits)} bytes`,
    });
  }
  const l1Clusters = Math.ceil((l1Entries * 8) / clusterBytes);
  const countsPerBlock = (clusterBytes * 8) / 2 ** refcountOrder;
  let blocks = 1;
  let tableClusters = 1;
  for (;;) {
    const total = 1 + tableClusters + blocks + l1Clusters;
    const neededBlocks = Math.ceil(total / countsPerBlock);
    const neededTable = Math.ceil((neededBlocks * 8) / clusterBytes);
    if (neededBlocks <= blocks && neededTable <= tableClusters) break;
    blocks = neededBlocks;
    tableClusters = neededTable;
  }
  const firstBlock = 1 + tableClusters;
  const firstL1 = firstBlock + blocks;
  const used = firstL1 + l1Clusters;

  const table = Buffer.alloc(tableClusters * clusterBytes);
  for (let i = 0; i < blocks; i++) table.writeBigUInt64BE(BigInt((firstBlock + i) * clusterBytes), i * 8);
  const counts = Buffer.alloc(blocks * clusterBytes);
  for (let cluster = 0; cluster < used; cluster++) countOnce(counts, cluster, 2 ** refcountOrder);

  file.resize(used * clusterBytes);
  writeBytes(file, clusterBytes, table);
  writeBytes(file, firstBlock * clusterBytes, counts);
  writeBytes(file, 0, headerBytes(file, options, { l1Entries, l1Offset: firstL1 * clusterBytes, tableClusters }));
  file.sync();
}

function countOnce(counts: Buffer, cluster: number, bits: number): void {
  if (bits >= 8) counts[((cluster + 1) * bits) / 8 - 1] = 1;
  else counts[Math.floor((cluster * bits) / 8)]! |= 1 << ((cluster * bits) % 8);
}

function headerBytes(
  file: ImageFile,
  { size, clusterBits = 16, refcountOrder = 4, compression = 'zlib', backing }: CreateOptions,
  tables: { l1Entries: number; l1Offset: number; tableClusters: number },
): Buffer {
  const clusterBytes = 2 ** clusterBits;
  const bytes = Buffer.alloc(clusterBytes);
  const long = (field: number, value: number): unknown => bytes.writeBigUInt64BE(BigInt(value), field);
  const word = (field: number, value: number): unknown => bytes.writeUInt32BE(value, field);
  word(FIELD.magic, MAGIC);
  word(FIELD.version, 3);
  word(FIELD.clusterBits, clusterBits);
  long(FIELD.size, size);
  word(FIELD.l1Size, tables.l1Entries);
  long(FIELD.l1Offset, tables.l1Offset);
  long(FIELD.refcountTableOffset, clusterBytes);
  word(FIELD.refcountTableClusters, tables.tableClusters);
  word(FIELD.incompatible + 4, compression === 'zstd' ? INCOMPATIBLE.compression : 0);
  word(FIELD.refcountOrder, refcountOrder);
  word(FIELD.headerLength, HEADER_BYTES);
  bytes[FIELD.compressionType] = compression === 'zstd' ? 1 : 0;

  let at = HEADER_BYTES;
  const extend = (type: number, content: Uint8Array): void => {
    bytes.writeUInt32BE(type, at);
    bytes.writeUInt32BE(content.length, at + 4);
    bytes.set(content, at + 8);
    at += 8 + Math.ceil(content.length / 8) * 8;
  };
  if (backing !== undefined) extend(EXTENSION.backingFormat, Buffer.from(backing.format));
  // The smallest clusters have no room for names.
  if (clusterBytes >= 4096) extend(EXTENSION.featureNames, featureNames());
  extend(EXTENSION.end, new Uint8Array());
  if (backing !== undefined) {
    const name = Buffer.from(backing.name);
    if (name.length > 1023 || at + name.length > clusterBytes)
      throw new Failure('usage', 'disk-backing', `${file.object}: the name of its backing file is too long`);
    bytes.set(name, at);
    long(FIELD.backingOffset, at);
    word(FIELD.backingLength, name.length);
  }
  return bytes;
}

/** QEMU docs/interop/qcow2 "Feature name table": 48 bytes for each. */
function featureNames(): Buffer {
  return Buffer.concat(
    FEATURE_NAMES.map(([type, bit, name]) => {
      const entry = Buffer.alloc(48);
      entry[0] = type;
      entry[1] = bit;
      entry.write(name, 2);
      return entry;
    }),
  );
}
