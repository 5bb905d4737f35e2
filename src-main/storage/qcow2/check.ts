/**
 * Checks an image against itself: every cluster is counted as often as it is used, everything points into the file, and
 * the copied bits say the truth (QEMU docs/interop/qcow2). A cluster counted and not used is a leak, which only takes
 * room; the reverse is damage.
 */
import { type ImageFile, readBytes } from '../image-file.ts';
import { decodeCompressed } from './compressed.ts';
import { corrupt } from './corrupt.ts';
import { FIELD, type Header, INCOMPATIBLE, readHeader, writeField } from './header.ts';
import { Refcounts } from './refcounts.ts';

const COPIED = 0x8000_0000;
const COMPRESSED = 0x4000_0000;
const OFFSET_HIGH = 0x00ff_ffff;
const MAX_MESSAGES = 20;
const MIN_SNAPSHOT_ENTRY = 40;
/** Of a file: 16 TiB of usual clusters, a GiB of memory. */
const MAX_CLUSTERS = 2 ** 28;

export interface CheckResult {
  readonly corruptions: number;
  readonly leaks: number;
  /** What was put right, if that was asked for. */
  readonly repaired: number;
  readonly allocatedClusters: number;
  readonly compressedClusters: number;
  readonly totalClusters: number;
  /** The first few problems, in words. */
  readonly problems: readonly string[];
}

export interface CheckOptions {
  /** Makes counts agree with use, and removes the mark of an unclean end. Damage of other kinds stays. */
  readonly repair?: boolean;
  progress?(done: number, total: number): void;
}

export function checkImage(file: ImageFile, options: CheckOptions = {}): CheckResult {
  return new Checker(file, readHeader(file)).check(options);
}

class Checker {
  private readonly clusterBytes: number;
  private readonly fileClusters: number;
  /** How often each cluster of the file is used. */
  private readonly uses: Uint32Array;
  private readonly problems: string[] = [];
  private corruptions = 0;
  private leaks = 0;
  private repaired = 0;
  private allocated = 0;
  private compressed = 0;

  constructor(
    private readonly file: ImageFile,
    private readonly header: Header,
  ) {
    this.clusterBytes = 2 ** header.clusterBits;
    this.fileClusters = Math.ceil(file.size() / this.clusterBytes);
    if (this.fileClusters > MAX_CLUSTERS) throw corrupt(file, 'the file is too large to be checked');
    this.uses = new Uint32Array(this.fileClusters);
  }

  check({ repair = false, progress }: CheckOptions): CheckResult {
    const { header, file } = this;
    const refcounts = new Refcounts(
      file,
      header,
      () => refcounts.cache.writeBack(),
      () => undefined,
    );
    this.use(0, 1, 'the header');
    this.use(header.refcountTableOffset, header.refcountTableClusters, 'the table of reference counts');
    this.countBlocks();
    const l1Tables = [{ offset: header.l1Offset, size: header.l1Size, active: true }, ...this.snapshots()];
    const total = l1Tables.reduce((sum, { size }) => sum + size, 0);
    let done = 0;
    for (const { offset, size } of l1Tables) {
      this.use(offset, Math.ceil((size * 8) / this.clusterBytes), 'an L1 table');
      const l1 = this.words(offset, size * 8);
      for (let i = 0; i < size; i++) {
        this.countTable(l1.getUint32(i * 8), l1.getUint32(i * 8 + 4));
        progress?.(++done, total);
      }
    }
    this.compareCounts(refcounts, repair);
    this.compareCopied(refcounts);
    if (repair && this.corruptions === 0) this.finishRepair(refcounts);
    return {
      corruptions: this.corruptions,
      leaks: this.leaks,
      repaired: this.repaired,
      allocatedClusters: this.allocated,
      compressedClusters: this.compressed,
      totalClusters: Math.ceil(header.size / this.clusterBytes),
      problems: this.problems,
    };
  }

  private words(offset: number, length: number): DataView {
    return new DataView(readBytes(this.file, offset, length).buffer);
  }

  private damage(what: string): void {
    this.corruptions++;
    this.say(what);
  }

  private say(what: string): void {
    if (this.problems.length < MAX_MESSAGES) this.problems.push(what);
  }

  /** Counts `clusters` from a cluster's start as used once more. False when they are not in the file. */
  private use(offset: number, clusters: number, what: string): boolean {
    if (offset % this.clusterBytes !== 0) {
      this.damage(`${what} at ${offset} is not at a cluster's start`);
      return false;
    }
    const first = offset / this.clusterBytes;
    if (first + clusters > this.fileClusters) {
      this.damage(`${what} at ${offset} is beyond the end of the file`);
      return false;
    }
    for (let i = first; i < first + clusters; i++) this.uses[i]!++;
    return true;
  }

  private countBlocks(): void {
    const { refcountTableOffset, refcountTableClusters } = this.header;
    const table = this.words(refcountTableOffset, refcountTableClusters * this.clusterBytes);
    for (let at = 0; at < table.byteLength; at += 8) {
      const offset = table.getUint32(at) * 0x1_0000_0000 + ((table.getUint32(at + 4) & 0xffff_fe00) >>> 0);
      if (offset !== 0) this.use(offset, 1, 'a block of reference counts');
    }
  }

  /** Snapshot table entries: QEMU docs/interop/qcow2 "Snapshots". */
  private snapshots(): { offset: number; size: number; active: boolean }[] {
    const { snapshotCount, snapshotsOffset } = this.header;
    const found: { offset: number; size: number; active: boolean }[] = [];
    let at = snapshotsOffset;
    for (let i = 0; i < snapshotCount; i++) {
      const entry = this.words(at, MIN_SNAPSHOT_ENTRY);
      const offset = entry.getUint32(0) * 0x1_0000_0000 + entry.getUint32(4);
      const size = entry.getUint32(8);
      if (size * 8 > 32 * 1024 * 1024 || offset + size * 8 > this.fileClusters * this.clusterBytes) {
        this.damage(`snapshot ${i} has an L1 table that is not in the file`);
        break;
      }
      found.push({ offset, size, active: false });
      const extra = entry.getUint32(36);
      const names = entry.getUint16(12) + entry.getUint16(14);
      at += Math.ceil((MIN_SNAPSHOT_ENTRY + extra + names) / 8) * 8;
      if (at > this.fileClusters * this.clusterBytes) break;
    }
    if (snapshotCount > 0)
      this.use(snapshotsOffset, Math.ceil((at - snapshotsOffset) / this.clusterBytes), 'the table of snapshots');
    return found;
  }

  private countTable(high: number, low: number): void {
    const offset = tableOffset(high, low);
    if (offset === 0 || !this.use(offset, 1, 'an L2 table')) return;
    const l2 = this.words(offset, this.clusterBytes);
    for (let at = 0; at < this.clusterBytes; at += 8) this.countEntry(l2.getUint32(at), l2.getUint32(at + 4));
  }

  private countEntry(high: number, low: number): void {
    if (high & COMPRESSED) {
      const { offset, length } = decodeCompressed(high, low, this.header.clusterBits);
      const start = Math.floor(offset / this.clusterBytes);
      const end = Math.floor((offset + length - 1) / this.clusterBytes);
      // Its last sectors need not be in the file: the length is rounded up.
      const last = Math.max(start, Math.min(end, this.fileClusters - 1));
      this.use(start * this.clusterBytes, last - start + 1, 'a compressed cluster');
      this.compressed++;
      this.allocated++;
      return;
    }
    const offset = tableOffset(high, low);
    if (offset === 0) return;
    this.allocated++;
    this.use(offset, 1, 'a cluster');
  }

  private compareCounts(refcounts: Refcounts, repair: boolean): void {
    for (let cluster = 0; cluster < this.fileClusters; cluster++) {
      const counted = refcounts.get(cluster);
      const used = this.uses[cluster]!;
      if (counted === used) continue;
      if (repair && refcounts.hasBlock(cluster)) {
        refcounts.set(cluster, used);
        this.repaired++;
      } else if (counted > used) {
        this.leaks++;
        this.say(`cluster ${cluster} is counted ${counted} times and used ${used} times`);
      } else this.damage(`cluster ${cluster} is counted ${counted} times and used ${used} times`);
    }
  }

  /** The copied bits of the active tables: set exactly where the count is one. */
  private compareCopied(refcounts: Refcounts): void {
    const { l1Offset, l1Size } = this.header;
    const l1 = this.words(l1Offset, l1Size * 8);
    const check = (high: number, low: number, what: string): boolean => {
      const offset = tableOffset(high, low);
      if (offset === 0 || offset % this.clusterBytes !== 0 || offset / this.clusterBytes >= this.fileClusters)
        return false;
      const copied = (high & COPIED) !== 0;
      if (copied !== (refcounts.get(offset / this.clusterBytes) === 1))
        this.damage(`${what} at ${offset} is ${copied ? '' : 'not '}marked as used once`);
      return true;
    };
    for (let i = 0; i < l1Size; i++) {
      const high = l1.getUint32(i * 8);
      const low = l1.getUint32(i * 8 + 4);
      if (!check(high, low, 'an L2 table')) continue;
      const l2 = this.words(tableOffset(high, low), this.clusterBytes);
      for (let at = 0; at < this.clusterBytes; at += 8)
        if (!(l2.getUint32(at) & COMPRESSED)) check(l2.getUint32(at), l2.getUint32(at + 4), 'a cluster');
    }
  }

  private finishRepair(refcounts: Refcounts): void {
    refcounts.cache.writeBack();
    this.file.sync();
    const { incompatible } = this.header;
    if (incompatible & INCOMPATIBLE.dirty) {
      writeField(this.file, FIELD.incompatible + 4, incompatible & ~INCOMPATIBLE.dirty);
      this.file.sync();
    }
  }
}

function tableOffset(high: number, low: number): number {
  return (high & OFFSET_HIGH) * 0x1_0000_0000 + ((low & 0xffff_fe00) >>> 0);
}
