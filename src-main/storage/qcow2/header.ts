/**
 * The header of a qcow2 image, QEMU docs/interop/qcow2 "Header": versions 2 and 3. Encryption, external data files and
 * extended L2 entries are refused. All numbers in the file are big-endian.
 */
import { Failure } from '../../base/failure.ts';
import { type ImageFile, readBytes, writeBytes } from '../image-file.ts';

export const MAGIC = 0x514649fb;

/** Where header fields are. */
export const FIELD = {
  magic: 0,
  version: 4,
  backingOffset: 8,
  backingLength: 16,
  clusterBits: 20,
  size: 24,
  cryptMethod: 32,
  l1Size: 36,
  l1Offset: 40,
  refcountTableOffset: 48,
  refcountTableClusters: 56,
  snapshotCount: 60,
  snapshotsOffset: 64,
  incompatible: 72,
  compatible: 80,
  autoclear: 88,
  refcountOrder: 96,
  headerLength: 100,
  compressionType: 104,
} as const;

/** Bits of incompatible_features. */
export const INCOMPATIBLE = { dirty: 1, corrupt: 2, externalData: 4, compression: 8, extendedL2: 16 } as const;
/** Bits of compatible_features. */
export const LAZY_REFCOUNTS = 1;

export const EXTENSION = { end: 0, backingFormat: 0xe279_2aca, featureNames: 0x6803_f857 } as const;

/** Limits QEMU 7.2 sets (block/qcow2.h); what is beyond was made by nobody. */
const MAX_L1_BYTES = 32 * 1024 * 1024;
const MAX_REFCOUNT_TABLE_BYTES = 8 * 1024 * 1024;
const MAX_SNAPSHOTS = 65_536;
const MAX_BACKING_NAME = 1023;
const MIN_CLUSTER_BITS = 9;
const MAX_CLUSTER_BITS = 21;
const V2_HEADER_BYTES = 72;
const V3_HEADER_BYTES = 104;

export type Compression = 'zlib' | 'zstd';

export interface Backing {
  /** As the image has it: relative to the image's folder. */
  readonly name: string;
  /** The format the image says it has. */
  readonly format: string | undefined;
}

export interface Header {
  readonly version: 2 | 3;
  readonly clusterBits: number;
  /** Of the disk, in bytes. */
  readonly size: number;
  readonly l1Size: number;
  readonly l1Offset: number;
  readonly refcountTableOffset: number;
  readonly refcountTableClusters: number;
  readonly snapshotCount: number;
  readonly snapshotsOffset: number;
  readonly incompatible: number;
  readonly compatible: number;
  readonly autoclear: boolean;
  readonly refcountOrder: number;
  readonly compression: Compression;
  readonly backing: Backing | undefined;
}

/** How many bytes of the disk one L2 table maps. */
export function bytesPerL2Table(clusterBits: number): number {
  return 2 ** (2 * clusterBits - 3);
}

/** Reads and checks a header: everything in it that the rest of the code relies on. */
export function readHeader(file: ImageFile): Header {
  const fileBytes = file.size();
  const head = new DataView(readBytes(file, 0, 112).buffer);
  const refuse = (why: string): never => {
    throw new Failure('failed', 'disk-invalid', `${file.object}: not a usable qcow2 image: ${why}`);
  };
  const unsupported = (what: string, hint: string): never => {
    throw new Failure('failed', 'disk-unsupported', `${file.object}: ${what} is not supported`, { hint });
  };
  const number = (field: number): number => head.getUint32(field);
  const long = (field: number): number => head.getUint32(field) * 0x1_0000_0000 + head.getUint32(field + 4);
  const table = (what: string, offset: number, bytes: number): void => {
    if (!Number.isSafeInteger(offset) || offset % clusterBytes !== 0) refuse(`the ${what} is not at a cluster's start`);
    if (bytes > 0 && offset === 0) refuse(`the ${what} is on top of the header`);
    if (offset + bytes > Math.ceil(fileBytes / clusterBytes) * clusterBytes)
      refuse(`the ${what} is beyond the end of the file`);
  };

  if (fileBytes < V2_HEADER_BYTES || number(FIELD.magic) !== MAGIC) refuse('it does not start with a qcow2 header');
  const version = number(FIELD.version);
  if (version !== 2 && version !== 3) return refuse(`its version is ${version}, not 2 or 3`);
  const clusterBits = number(FIELD.clusterBits);
  if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS)
    refuse(`a cluster has 2^${clusterBits} bytes, not 2^${MIN_CLUSTER_BITS} to 2^${MAX_CLUSTER_BITS}`);
  const clusterBytes = 2 ** clusterBits;
  const v3 = version === 3;
  const headerLength = v3 ? number(FIELD.headerLength) : V2_HEADER_BYTES;
  if (headerLength < (v3 ? V3_HEADER_BYTES : V2_HEADER_BYTES) || headerLength > clusterBytes || headerLength % 8 !== 0)
    refuse(`its header has ${headerLength} bytes`);
  if (fileBytes < headerLength) refuse('the file ends within its header');

  if (number(FIELD.cryptMethod) !== 0)
    unsupported('encryption inside qcow2', 'encrypt the file system in the guest instead');
  if (v3 && number(FIELD.incompatible) !== 0) unsupported('a feature of a newer qcow2', 'convert it with qemu-img');
  const incompatible = v3 ? number(FIELD.incompatible + 4) : 0;
  if (incompatible & INCOMPATIBLE.externalData)
    unsupported('an external data file', 'convert the image with qemu-img convert -O qcow2');
  if (incompatible & INCOMPATIBLE.extendedL2)
    unsupported('a qcow2 image with extended L2 entries', 'convert it with qemu-img convert -O qcow2');
  if (incompatible > 31) unsupported(`qcow2 feature bits ${incompatible.toString(2)}`, 'convert it with qemu-img');

  const refcountOrder = v3 ? number(FIELD.refcountOrder) : 4;
  if (refcountOrder > 6) refuse(`a reference count has 2^${refcountOrder} bits`);
  const size = long(FIELD.size);
  const l1Size = number(FIELD.l1Size);
  const l1Offset = long(FIELD.l1Offset);
  if (l1Size * 8 > MAX_L1_BYTES) refuse(`its L1 table has ${l1Size} entries`);
  if (!Number.isSafeInteger(size) || Math.ceil(size / bytesPerL2Table(clusterBits)) > l1Size)
    refuse(`its L1 table of ${l1Size} entries is too small for its size`);
  table('L1 table', l1Offset, l1Size * 8);
  const refcountTableOffset = long(FIELD.refcountTableOffset);
  const refcountTableClusters = number(FIELD.refcountTableClusters);
  if (refcountTableClusters === 0) refuse('it has no reference counts');
  if (refcountTableClusters * clusterBytes > Math.max(MAX_REFCOUNT_TABLE_BYTES, clusterBytes))
    refuse(`its table of reference counts has ${refcountTableClusters} clusters`);
  table('table of reference counts', refcountTableOffset, refcountTableClusters * clusterBytes);
  const snapshotCount = number(FIELD.snapshotCount);
  const snapshotsOffset = long(FIELD.snapshotsOffset);
  if (snapshotCount > MAX_SNAPSHOTS) refuse(`it has ${snapshotCount} snapshots`);
  if (snapshotCount > 0) table('table of snapshots', snapshotsOffset, 1);

  const compressionType =
    headerLength > FIELD.compressionType && incompatible & INCOMPATIBLE.compression
      ? head.getUint8(FIELD.compressionType)
      : 0;
  if (compressionType > 1) unsupported(`compression type ${compressionType}`, 'convert it with qemu-img');

  return {
    version,
    clusterBits,
    size,
    l1Size,
    l1Offset,
    refcountTableOffset,
    refcountTableClusters,
    snapshotCount,
    snapshotsOffset,
    incompatible,
    compatible: v3 ? number(FIELD.compatible + 4) : 0,
    autoclear: v3 && long(FIELD.autoclear) !== 0,
    refcountOrder,
    compression: compressionType === 1 ? 'zstd' : 'zlib',
    backing: readBacking(file, head, headerLength, clusterBytes, refuse),
  };
}

function readBacking(
  file: ImageFile,
  head: DataView,
  headerLength: number,
  clusterBytes: number,
  refuse: (why: string) => never,
): Backing | undefined {
  const offset = head.getUint32(FIELD.backingOffset) * 0x1_0000_0000 + head.getUint32(FIELD.backingOffset + 4);
  const length = head.getUint32(FIELD.backingLength);
  if (offset === 0) return undefined;
  if (length > MAX_BACKING_NAME || offset < headerLength || offset + length > clusterBytes)
    refuse('the name of its backing file is not inside the first cluster');
  if (length === 0) return undefined;
  const name = Buffer.from(readBytes(file, offset, length)).toString('utf8');
  if (name.includes('\0')) refuse('the name of its backing file has a zero in it');
  return { name, format: readExtensions(file, headerLength, offset, refuse).get(EXTENSION.backingFormat) };
}

/** The header extensions between header and backing file name, as text. */
function readExtensions(
  file: ImageFile,
  start: number,
  end: number,
  refuse: (why: string) => never,
): Map<number, string> {
  const found = new Map<number, string>();
  const bytes = Buffer.from(readBytes(file, start, end - start));
  for (let at = 0; at + 8 <= bytes.length; ) {
    const type = bytes.readUInt32BE(at);
    const length = bytes.readUInt32BE(at + 4);
    if (type === EXTENSION.end) break;
    if (at + 8 + length > bytes.length) refuse('a header extension reaches beyond the header');
    found.set(type, bytes.toString('utf8', at + 8, at + 8 + length));
    at += 8 + Math.ceil(length / 8) * 8;
  }
  return found;
}

/** Writes some bytes of the header, at once as far as the file's sectors go. */
export function writeField(file: ImageFile, field: number, ...values: readonly (number | readonly [long: number])[]) {
  const bytes = Buffer.alloc(values.reduce<number>((sum, value) => sum + (typeof value === 'number' ? 4 : 8), 0));
  let at = 0;
  for (const value of values) {
    if (typeof value === 'number') at = bytes.writeUInt32BE(value, at);
    else at = bytes.writeBigUInt64BE(BigInt(value[0]), at);
  }
  writeBytes(file, field, bytes);
}
