import { invariant } from '../../base/failure.ts';
import { type ImageFile, readBytes } from '../image-file.ts';
import { type ExtentKind, type Layer, readPadded } from '../layer.ts';
import type { Job, Transfers } from '../transfers.ts';
import { decodeCompressed, unpack } from './compressed.ts';
import type { Header } from './header.ts';
import { COMPRESSED, Metadata } from './metadata.ts';

/** Bytes of unpacked clusters kept: neighbouring reads often want the same one. */
const UNPACKED_BYTES = 4 * 1024 * 1024;

/** A qcow2 image for reading, with what it is based on. */
export class Qcow2Layer implements Layer {
  readonly sizeBytes: number;
  readonly metadata: Metadata;
  private readonly unpacked = new Map<number, Uint8Array>();
  private readonly unpackedLimit: number;
  private readonly clusterBytes: number;

  constructor(
    readonly file: ImageFile,
    readonly header: Header,
    readonly backing: Layer | undefined,
    settle: () => void = () => undefined,
  ) {
    this.sizeBytes = header.size;
    this.clusterBytes = 2 ** header.clusterBits;
    this.unpackedLimit = Math.max(2, Math.floor(UNPACKED_BYTES / this.clusterBytes));
    this.metadata = new Metadata(file, header, settle);
  }

  read(transfers: Transfers, job: Job, skip: number, offset: number, length: number): void {
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const inCluster = at % this.clusterBytes;
      const part = this.run(at, length - done);
      const { kind, host } = this;
      if (kind === 'data') transfers.read(this.file, host + inCluster, job, skip + done, part);
      else if (kind === 'compressed') {
        const bytes = this.unpackLast();
        job.request!.pieces.copyFrom(bytes.subarray(inCluster, inCluster + part), skip + done);
      } else if (kind === 'unallocated' && this.backing !== undefined)
        readPadded(this.backing, transfers, job, skip + done, at, part);
      else job.request!.pieces.zero(skip + done, part);
      done += part;
    }
  }

  extent(offset: number, length: number): { kind: ExtentKind; length: number } {
    const part = this.run(offset, length);
    const { kind } = this;
    return { kind: kind === 'unallocated' && this.backing === undefined ? 'zero' : kind, length: part };
  }

  /** A whole cluster, unpacked, whose L2 entry was just looked up. */
  unpackLast(): Uint8Array {
    const { metadata, header } = this;
    const { offset, length } = decodeCompressed(metadata.high, metadata.low, header.clusterBits);
    const kept = this.unpacked.get(offset);
    if (kept !== undefined) return kept;
    const packed = readBytes(this.file, offset, length);
    const bytes = unpack(packed, header.compression, this.clusterBytes);
    if (bytes === undefined) throw metadata.damage('a compressed cluster cannot be unpacked');
    if (this.unpacked.size >= this.unpackedLimit) this.unpacked.delete(this.unpacked.keys().next().value!);
    this.unpacked.set(offset, bytes);
    return bytes;
  }

  /** What is unpacked may be of clusters that were given up. */
  forgetUnpacked(): void {
    if (this.unpacked.size > 0) this.unpacked.clear();
  }

  dispose(): void {
    this.backing?.dispose();
    this.file.dispose();
  }

  /** Of the run last found. */
  private kind: ExtentKind = 'unallocated';
  /** Where the run's first cluster is in the file, if it is data. */
  private host = 0;

  /** Finds how many bytes from `at` on, at most `length`, are of one kind and, if data, adjoin in the file. */
  private run(at: number, length: number): number {
    const { metadata, clusterBytes } = this;
    invariant(length > 0, 'an empty run');
    let cluster = Math.floor(at / clusterBytes);
    const mapped = metadata.lookUp(cluster);
    this.classify();
    const inCluster = at % clusterBytes;
    let found = clusterBytes - inCluster;
    if (this.kind === 'compressed') return Math.min(found, length);
    if (!mapped) {
      const left = metadata.entriesPerTable - (cluster % metadata.entriesPerTable);
      return Math.min(length, left * clusterBytes - inCluster);
    }
    const { kind, host } = this;
    while (found < length) {
      cluster++;
      metadata.lookUp(cluster);
      this.classify();
      if (this.kind !== kind || (kind === 'data' && this.host !== host + found + inCluster)) break;
      found += clusterBytes;
    }
    this.kind = kind;
    this.host = host;
    return Math.min(found, length);
  }

  private classify(): void {
    const { metadata } = this;
    if (metadata.high & COMPRESSED) {
      this.kind = 'compressed';
      return;
    }
    if (metadata.isZero) {
      this.kind = 'zero';
      return;
    }
    this.host = metadata.hostOffset();
    this.kind = this.host === 0 ? 'unallocated' : 'data';
  }
}
