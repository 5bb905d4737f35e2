import { writeBytes } from '../image-file.ts';
import { encodeCompressed } from './compressed.ts';
import type { Metadata } from './metadata.ts';

/** Puts compressed clusters into an image, one after the other, several to a cluster of the file. */
export class CompressedWriter {
  /** Where the next one goes, if it fits. */
  private cursor = 0;
  /** A cluster counted for the next one that touches it. */
  private reserved = -1;
  private readonly clusterBytes: number;

  constructor(private readonly metadata: Metadata) {
    this.clusterBytes = metadata.clusterBytes;
  }

  write(guestCluster: number, packed: Uint8Array): void {
    const { metadata, clusterBytes } = this;
    metadata.prepareTable(guestCluster);
    const offset = this.place(packed.length);
    writeBytes(metadata.file, offset, packed);
    const first = Math.floor(offset / clusterBytes);
    const last = Math.floor((offset + packed.length - 1) / clusterBytes);
    for (let cluster = first; cluster <= last; cluster++) this.count(cluster);
    const [high, low] = encodeCompressed({ offset, length: packed.length }, metadata.header.clusterBits);
    metadata.setEntry(guestCluster, high, low);
    this.cursor = offset + packed.length;
  }

  private place(length: number): number {
    const { metadata, clusterBytes, cursor } = this;
    const room = (clusterBytes - (cursor % clusterBytes)) % clusterBytes;
    if (length <= room) return cursor;
    const next = cursor + room;
    if (room > 0 && metadata.refcounts.tryAllocateAt(next)) {
      this.reserved = next / clusterBytes;
      metadata.refcounts.takeFresh(next, 1);
      return cursor;
    }
    const offset = metadata.refcounts.allocate(1);
    this.reserved = offset / clusterBytes;
    metadata.refcounts.takeFresh(offset, 1);
    return offset;
  }

  private count(cluster: number): void {
    const { refcounts } = this.metadata;
    if (cluster === this.reserved) this.reserved = -1;
    else refcounts.set(cluster, refcounts.get(cluster) + 1);
  }
}
