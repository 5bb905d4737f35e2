import { MemoryPieces } from '../../base/memory-pieces.ts';
import { writeBytes } from '../image-file.ts';
import { readNow } from '../layer.ts';
import { decodeCompressed } from './compressed.ts';
import { COMPRESSED, COPIED, type Metadata, ZERO } from './metadata.ts';
import type { Qcow2Layer } from './qcow2-layer.ts';

const ZEROS = MemoryPieces.of(new Uint8Array(64 * 1024));

/** The slow half of writing: whatever changes which clusters a disk has. */
export class ClusterWriter {
  private readonly metadata: Metadata;
  private readonly clusterBytes: number;

  constructor(private readonly layer: Qcow2Layer) {
    this.metadata = layer.metadata;
    this.clusterBytes = layer.metadata.clusterBytes;
  }

  /**
   * Writes up to `length` bytes of `pieces` after the first `skip` at `offset` of the disk, to new clusters that are
   * filled up with what the disk had around; returns how many. They are in the file when this returns.
   */
  allocateAndWrite(offset: number, pieces: MemoryPieces, skip: number, length: number): number {
    const { metadata, clusterBytes, layer } = this;
    const first = Math.floor(offset / clusterBytes);
    metadata.prepareTable(first);
    const wanted = this.countToAllocate(first, Math.floor((offset + length - 1) / clusterBytes));
    const [host, count] = this.allocateRun(wanted);
    const part = Math.min(length, (first + count) * clusterBytes - offset);
    try {
      if (metadata.isReserved(host)) throw metadata.damage('a table is counted as free');
      const fresh = metadata.refcounts.takeFresh(host, count);
      const head = offset - first * clusterBytes;
      this.fill(first * clusterBytes, host, head, fresh);
      layer.file.writeFrom(pieces, skip, part, host + head);
      const tail = count * clusterBytes - head - part;
      this.fill(offset + part, host + head + part, tail, fresh);
    } catch (error) {
      this.giveBack(host, count);
      throw error;
    }
    for (let i = 0; i < count; i++) this.replace(first + i, host + i * clusterBytes);
    return part;
  }

  /** Writes a cluster that is compressed already, somewhere after `cursor`; returns where the next may go. */
  writeCompressedEntry(guestCluster: number, high: number, low: number): void {
    this.metadata.prepareTable(guestCluster);
    this.metadata.setEntry(guestCluster, high, low);
  }

  /** Takes whole clusters out of the image; parts of clusters stay as they are. */
  discard(offset: number, length: number): void {
    const first = Math.ceil(offset / this.clusterBytes);
    const end = this.endOfWhole(offset, length);
    for (let cluster = first; cluster < end; cluster++) this.clear(cluster);
  }

  /** Makes a range read as zeros. */
  zero(offset: number, length: number): void {
    const { clusterBytes, layer } = this;
    const first = Math.ceil(offset / clusterBytes);
    const end = this.endOfWhole(offset, length);
    if (first >= end) {
      this.writeZeros(offset, length);
      return;
    }
    this.writeZeros(offset, first * clusterBytes - offset);
    for (let cluster = first; cluster < end; cluster++) {
      if (layer.header.version === 3 || layer.backing === undefined) this.clear(cluster);
      else this.writeZeros(cluster * clusterBytes, clusterBytes);
    }
    this.writeZeros(end * clusterBytes, Math.max(0, offset + length - end * clusterBytes));
  }

  /** The first cluster behind the whole ones in a range; the disk's last one counts as whole if its bytes are. */
  private endOfWhole(offset: number, length: number): number {
    const end = offset + length;
    return end >= this.layer.sizeBytes ? Math.ceil(end / this.clusterBytes) : Math.floor(end / this.clusterBytes);
  }

  private writeZeros(offset: number, length: number): void {
    const { metadata, clusterBytes, layer } = this;
    for (let done = 0; done < length; ) {
      const at = offset + done;
      const part = Math.min(length - done, clusterBytes - (at % clusterBytes), ZEROS.bytes);
      metadata.lookUp(Math.floor(at / clusterBytes));
      if (metadata.isOwn) {
        const host = metadata.hostOffset();
        if (host === 0 || metadata.isReserved(host))
          throw metadata.damage('a cluster of the disk is on top of a table');
        layer.file.writeFrom(ZEROS, 0, part, host + (at % clusterBytes));
      } else if (!this.readsAsZero()) this.allocateAndWrite(at, ZEROS, 0, part);
      done += part;
    }
  }

  /** Whether the entry last looked up is known to read as zeros. */
  private readsAsZero(): boolean {
    const { metadata, layer } = this;
    if (metadata.high & COMPRESSED) return false;
    return metadata.isZero || (metadata.hostOffset() === 0 && layer.backing === undefined);
  }

  private clear(cluster: number): void {
    const { metadata, layer } = this;
    metadata.lookUp(cluster);
    const unallocated = ((metadata.high & ~COPIED) | metadata.low) === 0;
    if (unallocated && layer.backing === undefined) return;
    // Version 2 has no way to say zero: what is under a discarded cluster shows through.
    const low = layer.backing !== undefined && layer.header.version === 3 ? ZERO : 0;
    if (metadata.low === low && (metadata.high & ~COPIED) === 0) return;
    metadata.prepareTable(cluster);
    this.replaceWith(cluster, 0, low);
  }

  private replace(cluster: number, host: number): void {
    this.replaceWith(cluster, (Math.floor(host / 0x1_0000_0000) | COPIED) >>> 0, host % 0x1_0000_0000);
  }

  /** Changes an entry and lets go of what it pointed to. */
  private replaceWith(cluster: number, newHigh: number, newLow: number): void {
    const { metadata, clusterBytes, layer } = this;
    metadata.lookUp(cluster);
    const { high, low } = metadata;
    const host = high & COMPRESSED ? 0 : metadata.hostOffset();
    metadata.setEntry(cluster, newHigh, newLow);
    if (high & COMPRESSED) {
      const { offset, length } = decodeCompressed(high, low, layer.header.clusterBits);
      const start = Math.floor(offset / clusterBytes);
      metadata.freeLater(start * clusterBytes, Math.floor((offset + length - 1) / clusterBytes) - start + 1);
      layer.forgetUnpacked();
    } else if (host !== 0) metadata.freeLater(host, 1);
  }

  /** How many clusters from `first` on, in the same L2 table, have to be allocated one after the other. */
  private countToAllocate(first: number, last: number): number {
    const { metadata } = this;
    const tableEnd = (Math.floor(first / metadata.entriesPerTable) + 1) * metadata.entriesPerTable - 1;
    let cluster = first + 1;
    for (; cluster <= Math.min(last, tableEnd); cluster++) {
      metadata.lookUp(cluster);
      if (metadata.isOwn) break;
    }
    return cluster - first;
  }

  private allocateRun(wanted: number): readonly [host: number, count: number] {
    const { refcounts } = this.metadata;
    const host = refcounts.allocate(1);
    let count = 1;
    while (count < wanted && refcounts.tryAllocateAt(host + count * this.clusterBytes)) count++;
    return [host, count];
  }

  private giveBack(host: number, count: number): void {
    for (let i = 0; i < count; i++) this.metadata.refcounts.set(host / this.clusterBytes + i, 0);
  }

  /** Writes to the file what the disk has at `offset`: `length` bytes, less than a cluster. */
  private fill(offset: number, host: number, length: number, fresh: boolean): void {
    if (length === 0) return;
    const { layer, metadata, clusterBytes } = this;
    metadata.lookUp(Math.floor(offset / clusterBytes));
    if (this.readsAsZero()) {
      if (!fresh) layer.file.zero(host, length);
      return;
    }
    const bytes = new Uint8Array(length);
    readNow(layer, offset, bytes);
    writeBytes(layer.file, host, bytes);
  }
}
