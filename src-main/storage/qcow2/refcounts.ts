/** Reference counts of an image's clusters: QEMU docs/interop/qcow2 "Host cluster management". */
import { type ImageFile, readBytes, writeBytes } from '../image-file.ts';
import { corrupt, MAX_OFFSET } from './corrupt.ts';
import { FIELD, type Header, writeField } from './header.ts';
import { PageCache } from './page-cache.ts';

const PAGE_BYTES = 4096;
/** 4 MiB of reference counts: those of 128 GiB of a usual image. */
const PAGES = 1024;
/** Clusters can be counted before they are written, but not without end. */
const MAX_COUNTED_BEYOND_END = 2 ** 22;

export class Refcounts {
  readonly cache: PageCache;
  /** Of a reference count. */
  readonly bits: number;
  readonly entriesPerBlock: number;
  /** No cluster from here on is in the file: what is read there is zeros. */
  private fileClusters: number;
  private table: Float64Array;
  private tableOffset: number;
  /** No free cluster is known to be below. */
  private firstFree = 0;
  /** Indices of table entries that are not in the file yet. */
  private readonly unwritten = new Set<number>();
  private readonly clusterBytes: number;

  constructor(
    private readonly file: ImageFile,
    header: Header,
    /** Brings all metadata into the file. */
    private readonly commit: () => void,
    /** A cluster of a table that was replaced. */
    private readonly freeLater: (offset: number, clusters: number) => void,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    this.bits = 2 ** header.refcountOrder;
    this.entriesPerBlock = (this.clusterBytes * 8) / this.bits;
    this.tableOffset = header.refcountTableOffset;
    this.table = readTable(file, header.refcountTableOffset, (header.refcountTableClusters * this.clusterBytes) / 8);
    this.cache = new PageCache(file, Math.min(PAGE_BYTES, this.clusterBytes), PAGES, commit);
    this.fileClusters = Math.ceil(file.size() / this.clusterBytes);
  }

  get tableRange(): readonly [start: number, end: number] {
    return [this.tableOffset, this.tableOffset + this.table.length * 8];
  }

  get(cluster: number): number {
    const block = this.blockOf(cluster);
    if (block === 0) return 0;
    const entry = cluster % this.entriesPerBlock;
    const at = block + Math.floor((entry * this.bits) / 8);
    const { view } = this.cache.at(at);
    const byte = at % this.cache.pageBytes;
    switch (this.bits) {
      case 8:
        return view.getUint8(byte);
      case 16:
        return view.getUint16(byte);
      case 32:
        return view.getUint32(byte);
      case 64:
        return view.getUint32(byte) * 0x1_0000_0000 + view.getUint32(byte + 4);
      default:
        return (view.getUint8(byte) >> ((entry * this.bits) % 8)) & (2 ** this.bits - 1);
    }
  }

  /** Sets a count of a cluster whose block exists. */
  set(cluster: number, count: number): void {
    const block = this.blockOf(cluster);
    if (block === 0) throw corrupt(this.file, `cluster ${cluster} is in use without a reference count`);
    const entry = cluster % this.entriesPerBlock;
    const at = block + Math.floor((entry * this.bits) / 8);
    const page = this.cache.at(at);
    const { view } = page;
    const byte = at % this.cache.pageBytes;
    switch (this.bits) {
      case 8:
        view.setUint8(byte, count);
        break;
      case 16:
        view.setUint16(byte, count);
        break;
      case 32:
        view.setUint32(byte, count);
        break;
      case 64:
        view.setUint32(byte, count / 0x1_0000_0000);
        view.setUint32(byte + 4, count);
        break;
      default: {
        const shift = (entry * this.bits) % 8;
        const mask = (2 ** this.bits - 1) << shift;
        view.setUint8(byte, (view.getUint8(byte) & ~mask) | (count << shift));
      }
    }
    this.cache.touch(page);
    if (count === 0 && cluster < this.firstFree) this.firstFree = cluster;
  }

  hasBlock(cluster: number): boolean {
    return this.blockOf(cluster) !== 0;
  }

  /** One reference less; whether the cluster is free now. */
  release(cluster: number): boolean {
    const count = this.get(cluster);
    if (count === 0) throw corrupt(this.file, `cluster ${cluster} is freed, and was free`);
    this.set(cluster, count - 1);
    return count === 1;
  }

  /** `count` adjoining free clusters, counted once from now on; the offset of the first. */
  allocate(count: number): number {
    const first = this.find(count);
    for (let i = 0; i < count; i++) this.set(first + i, 1);
    if (first === this.firstFree) this.firstFree = first + count;
    return first * this.clusterBytes;
  }

  /** One free cluster right at `offset`, if it is free and its count has a place. */
  tryAllocateAt(offset: number): boolean {
    const cluster = offset / this.clusterBytes;
    if (this.blockOf(cluster) === 0 || this.get(cluster) !== 0) return false;
    this.set(cluster, 1);
    if (cluster === this.firstFree) this.firstFree++;
    return true;
  }

  /** Whether the file has nothing at an allocated cluster yet, so that it reads as zeros. From now on it may have. */
  takeFresh(offset: number, count: number): boolean {
    const cluster = offset / this.clusterBytes;
    const fresh = cluster >= this.fileClusters;
    this.fileClusters = Math.max(this.fileClusters, cluster + count);
    return fresh;
  }

  /** Writes table entries of new blocks, which are in the file already; whether there were any. */
  writeTable(): boolean {
    if (this.unwritten.size === 0) return false;
    for (const index of this.unwritten) {
      writeField(this.file, this.tableOffset + index * 8, [this.table[index]!]);
      this.unwritten.delete(index);
    }
    return true;
  }

  private blockOf(cluster: number): number {
    const block = this.table[Math.floor(cluster / this.entriesPerBlock)] ?? 0;
    if (block % this.clusterBytes !== 0 || block > MAX_OFFSET)
      throw corrupt(this.file, 'a block of reference counts is out of place');
    return block;
  }

  private find(count: number): number {
    let first = this.firstFree;
    let passedFree = false;
    for (let length = 0; length < count; ) {
      const cluster = first + length;
      if (cluster > this.fileClusters + MAX_COUNTED_BEYOND_END)
        throw corrupt(this.file, 'clusters far beyond the end of the file are in use');
      if (this.blockOf(cluster) === 0) this.addBlock(cluster);
      else if (this.get(cluster) === 0) length++;
      else {
        passedFree ||= length > 0;
        first = cluster + 1;
        length = 0;
      }
    }
    if (!passedFree) this.firstFree = first;
    return first;
  }

  /** Makes a block of counts for the region of a free cluster, in that very cluster: it counts itself. */
  private addBlock(cluster: number): void {
    const index = Math.floor(cluster / this.entriesPerBlock);
    if (index >= this.table.length) {
      this.growTable(cluster);
      return;
    }
    const offset = cluster * this.clusterBytes;
    this.takeFresh(offset, 1);
    writeBytes(this.file, offset, new Uint8Array(this.clusterBytes));
    this.cache.forget(offset, this.clusterBytes);
    this.table[index] = offset;
    this.unwritten.add(index);
    this.set(cluster, 1);
  }

  /**
   * Puts a larger table behind everything, together with the blocks that count both. The new table is in force when
   * the header says so, and that is written last.
   */
  private growTable(free: number): void {
    this.commit();
    const { clusterBytes, entriesPerBlock } = this;
    const first = Math.max(free, this.table.length * entriesPerBlock);
    const firstBlock = Math.floor(first / entriesPerBlock);
    let blocks = 1;
    let tableClusters = 1;
    for (;;) {
      const end = first + blocks + tableClusters;
      const needed = Math.ceil(end / entriesPerBlock) - firstBlock;
      const entries = Math.max(Math.ceil(this.table.length * 1.5), firstBlock + needed);
      const clusters = Math.ceil((entries * 8) / clusterBytes);
      if (needed <= blocks && clusters <= tableClusters) break;
      blocks = Math.max(blocks, needed);
      tableClusters = Math.max(tableClusters, clusters);
    }
    const table = new Float64Array((tableClusters * clusterBytes) / 8);
    table.set(this.table);
    for (let i = 0; i < blocks; i++) table[firstBlock + i] = (first + i) * clusterBytes;
    const old = { table: this.table, offset: this.tableOffset };
    const tableOffset = (first + blocks) * clusterBytes;
    this.takeFresh(first * clusterBytes, blocks + tableClusters);
    writeBytes(this.file, first * clusterBytes, new Uint8Array(blocks * clusterBytes));
    this.cache.forget(first * clusterBytes, blocks * clusterBytes);
    writeBytes(this.file, tableOffset, encodeTable(table));
    this.table = table;
    try {
      for (let i = 0; i < blocks + tableClusters; i++) this.set(first + i, 1);
      this.cache.writeBack();
      this.file.sync();
      writeField(this.file, FIELD.refcountTableOffset, [tableOffset], tableClusters);
      this.file.sync();
    } catch (error) {
      this.cache.forget(first * clusterBytes, blocks * clusterBytes);
      this.table = old.table;
      throw error;
    }
    this.tableOffset = tableOffset;
    this.freeLater(old.offset, (old.table.length * 8) / clusterBytes);
  }
}

function readTable(file: ImageFile, offset: number, entries: number): Float64Array {
  const view = new DataView(readBytes(file, offset, entries * 8).buffer);
  const table = new Float64Array(entries);
  // Bits 0 to 8 are reserved.
  for (let i = 0; i < entries; i++)
    table[i] = view.getUint32(i * 8) * 0x1_0000_0000 + ((view.getUint32(i * 8 + 4) & 0xffff_fe00) >>> 0);
  return table;
}

function encodeTable(table: Float64Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(table.length * 8));
  table.forEach((value, i) => {
    view.setUint32(i * 8, value / 0x1_0000_0000);
    view.setUint32(i * 8 + 4, value);
  });
  return new Uint8Array(view.buffer);
}
