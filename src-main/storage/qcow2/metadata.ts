/**
 * The metadata of an open qcow2 image: L1 and L2 tables, reference counts, and the order in which changes to them
 * reach the file.
 *
 * Whenever the machine stops, what the file then has must be consistent, give or take clusters that are counted and not
 * used. So nothing points to a cluster before the cluster and its count are in the file for good, and no count falls
 * before what pointed to the cluster is gone for good. `commit` is the one place that writes tables.
 */
import { type ImageFile, readBytes, writeBytes } from '../image-file.ts';
import { corrupt, MAX_OFFSET } from './corrupt.ts';
import { FIELD, type Header, INCOMPATIBLE, writeField } from './header.ts';
import { PageCache } from './page-cache.ts';
import { Refcounts } from './refcounts.ts';

/** Bits of the upper half of an L1 or L2 entry. */
export const COPIED = 0x8000_0000;
export const COMPRESSED = 0x4000_0000;
/** Bit of the lower half of an L2 entry. */
export const ZERO = 1;
const OFFSET_HIGH = 0x00ff_ffff;
const OFFSET_LOW = 0xffff_fe00;
const RESERVED_HIGH = 0x7f00_0000;

const PAGE_BYTES = 4096;
/** 16 MiB of L2 tables: those of 128 GiB of a usual image. */
const PAGES = 4096;

export class Metadata {
  readonly refcounts: Refcounts;
  readonly clusterBytes: number;
  readonly entriesPerTable: number;
  /** Damage was met: nothing is written any more. */
  damaged: boolean;
  /** Of the L2 entry last looked up. */
  high = 0;
  low = 0;
  private readonly l2: PageCache;
  private l1: Float64Array;
  private l1Copied: Uint8Array;
  private l1Offset: number;
  /** L1 entries that are not in the file yet. */
  private readonly unwrittenL1 = new Set<number>();
  /** First cluster and number of clusters to free when nothing in the file points there any more. */
  private pendingFrees: number[] = [];

  constructor(
    readonly file: ImageFile,
    readonly header: Header,
    /** Waits for the transfers under way, which may go to clusters about to be freed. */
    private readonly settle: () => void,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    this.entriesPerTable = this.clusterBytes / 8;
    this.damaged = (header.incompatible & INCOMPATIBLE.corrupt) !== 0;
    const commit = (): void => this.commit();
    this.refcounts = new Refcounts(file, header, commit, (offset, clusters) => this.freeLater(offset, clusters));
    this.l2 = new PageCache(file, Math.min(PAGE_BYTES, this.clusterBytes), PAGES, commit);
    this.l1Offset = header.l1Offset;
    this.l1 = new Float64Array(header.l1Size);
    this.l1Copied = new Uint8Array(header.l1Size);
    this.readL1();
  }

  /** Looks up the L2 entry of the cluster of the disk into `high` and `low`; false when there is no L2 table. */
  lookUp(guestCluster: number): boolean {
    const table = this.l1[Math.floor(guestCluster / this.entriesPerTable)]!;
    if (table === 0) {
      this.high = 0;
      this.low = 0;
      return false;
    }
    if (table % this.clusterBytes !== 0 || table > MAX_OFFSET) throw this.damage('an L2 table is out of place');
    const at = table + (guestCluster % this.entriesPerTable) * 8;
    const { view } = this.l2.at(at);
    const byte = at % this.l2.pageBytes;
    this.high = view.getUint32(byte);
    this.low = view.getUint32(byte + 4);
    return true;
  }

  /** Where the cluster of the entry last looked up is in the file; 0: nowhere. */
  hostOffset(): number {
    const offset = (this.high & OFFSET_HIGH) * 0x1_0000_0000 + ((this.low & OFFSET_LOW) >>> 0);
    if (offset % this.clusterBytes !== 0 || offset > MAX_OFFSET) throw this.damage('a cluster is out of place');
    return offset;
  }

  /** Whether the entry last looked up reads as zeros, whatever it points to. */
  get isZero(): boolean {
    return (this.low & ZERO) !== 0 && (this.high & COMPRESSED) === 0 && this.header.version === 3;
  }

  /** Whether the guest may write where the entry last looked up points. */
  get isOwn(): boolean {
    return (this.high & COPIED) !== 0 && (this.high & COMPRESSED) === 0 && !this.isZero;
  }

  /** Changes an L2 entry; `prepareTable` of its cluster was called before. */
  setEntry(guestCluster: number, high: number, low: number): void {
    const at = this.l1[Math.floor(guestCluster / this.entriesPerTable)]! + (guestCluster % this.entriesPerTable) * 8;
    const page = this.l2.at(at);
    const byte = at % this.l2.pageBytes;
    page.view.setUint32(byte, high);
    page.view.setUint32(byte + 4, low);
    this.l2.touch(page);
  }

  /** Makes sure that there is an L2 table of our own for the cluster of the disk. */
  prepareTable(guestCluster: number): void {
    if (this.l2.full) this.commit();
    const index = Math.floor(guestCluster / this.entriesPerTable);
    const old = this.l1[index]!;
    if (old !== 0 && this.l1Copied[index]) return;
    const bytes = old === 0 ? new Uint8Array(this.clusterBytes) : this.readTable(old);
    const offset = this.refcounts.allocate(1);
    try {
      this.refcounts.takeFresh(offset, 1);
      this.l2.forget(offset, this.clusterBytes);
      writeBytes(this.file, offset, bytes);
    } catch (error) {
      this.refcounts.set(offset / this.clusterBytes, 0);
      throw error;
    }
    this.l1[index] = offset;
    this.l1Copied[index] = 1;
    this.unwrittenL1.add(index);
    if (old !== 0) this.freeLater(old, 1);
  }

  /** Clusters that nothing will point to once the next commit is through. */
  freeLater(offset: number, clusters: number): void {
    this.pendingFrees.push(offset / this.clusterBytes, clusters);
  }

  /** Whether a range of the file holds tables that guest data must never go to. */
  isReserved(offset: number): boolean {
    const [start, end] = this.refcounts.tableRange;
    return (
      offset < this.clusterBytes ||
      (offset + this.clusterBytes > start && offset < end) ||
      (offset + this.clusterBytes > this.l1Offset && offset < this.l1Offset + this.l1.length * 8)
    );
  }

  get clean(): boolean {
    return (
      this.l2.dirtyCount === 0 &&
      this.refcounts.cache.dirtyCount === 0 &&
      this.unwrittenL1.size === 0 &&
      this.pendingFrees.length === 0
    );
  }

  /** Brings all metadata, and all data written before, into the file for good. */
  commit(): void {
    const { file, refcounts, l2 } = this;
    if (this.clean) return;
    refcounts.cache.writeBack();
    file.sync();
    if (refcounts.writeTable()) file.sync();
    if (l2.dirtyCount > 0 || this.unwrittenL1.size > 0) {
      l2.writeBack();
      file.sync();
    }
    if (this.unwrittenL1.size > 0) {
      this.writeL1();
      file.sync();
    }
    this.free();
  }

  /** A new L1 table with room for `entries`, in force when this returns. */
  growL1(entries: number): void {
    if (entries <= this.l1.length) return;
    this.commit();
    const old = { offset: this.l1Offset, clusters: Math.ceil((this.l1.length * 8) / this.clusterBytes) };
    const clusters = Math.ceil((entries * 8) / this.clusterBytes);
    const offset = this.refcounts.allocate(clusters);
    this.refcounts.takeFresh(offset, clusters);
    const l1 = new Float64Array(entries);
    const copied = new Uint8Array(entries);
    l1.set(this.l1);
    copied.set(this.l1Copied);
    const bytes = new DataView(new ArrayBuffer(clusters * this.clusterBytes));
    for (let i = 0; i < l1.length; i++) encodeL1(bytes, i * 8, l1[i]!, copied[i]!);
    writeBytes(this.file, offset, new Uint8Array(bytes.buffer));
    this.commit();
    writeField(this.file, FIELD.l1Size, entries, [offset]);
    this.file.sync();
    this.l1 = l1;
    this.l1Copied = copied;
    this.l1Offset = offset;
    if (old.clusters > 0) this.freeLater(old.offset, old.clusters);
    this.commit();
  }

  /** Notes damage: in the image, if it is ours to write, and for whoever asks. */
  damage(why: string): Error {
    if (!this.damaged && !this.file.readOnly && this.header.version === 3) {
      this.damaged = true;
      try {
        writeField(this.file, FIELD.incompatible + 4, this.header.incompatible | INCOMPATIBLE.corrupt);
      } catch {
        // The damage itself is what is reported.
      }
    }
    this.damaged = true;
    return corrupt(this.file, why);
  }

  private readTable(offset: number): Uint8Array {
    const bytes = new Uint8Array(this.clusterBytes);
    const { pageBytes } = this.l2;
    for (let at = 0; at < bytes.length; at += pageBytes) bytes.set(this.l2.at(offset + at).bytes, at);
    return bytes;
  }

  private readL1(): void {
    const view = new DataView(readBytes(this.file, this.l1Offset, this.l1.length * 8).buffer);
    for (let i = 0; i < this.l1.length; i++) {
      const high = view.getUint32(i * 8);
      const low = view.getUint32(i * 8 + 4);
      if (high & RESERVED_HIGH) throw corrupt(this.file, `entry ${i} of its L1 table has unknown bits`);
      this.l1[i] = (high & OFFSET_HIGH) * 0x1_0000_0000 + ((low & OFFSET_LOW) >>> 0);
      this.l1Copied[i] = high & COPIED ? 1 : 0;
    }
  }

  private writeL1(): void {
    const entry = new DataView(new ArrayBuffer(8));
    for (const index of this.unwrittenL1) {
      encodeL1(entry, 0, this.l1[index]!, this.l1Copied[index]!);
      writeBytes(this.file, this.l1Offset + index * 8, new Uint8Array(entry.buffer));
      this.unwrittenL1.delete(index);
    }
  }

  /** Gives back what nothing in the file points to any more. The counts reach the file with the next commit. */
  private free(): void {
    if (this.pendingFrees.length === 0) return;
    this.settle();
    const frees = this.pendingFrees;
    this.pendingFrees = [];
    for (let i = 0; i < frees.length; i += 2) {
      const first = frees[i]!;
      for (let cluster = first; cluster < first + frees[i + 1]!; cluster++) {
        if (!this.refcounts.release(cluster)) continue;
        this.l2.forget(cluster * this.clusterBytes, this.clusterBytes);
        this.file.punch(cluster * this.clusterBytes, this.clusterBytes);
      }
    }
  }
}

function encodeL1(view: DataView, at: number, offset: number, copied: number): void {
  view.setUint32(at, (Math.floor(offset / 0x1_0000_0000) | (copied ? COPIED : 0)) >>> 0);
  view.setUint32(at + 4, offset % 0x1_0000_0000);
}
