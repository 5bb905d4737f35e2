import type { DriverQueue, Piece } from './driver-queue.ts';

const NEXT = 1;
const WRITE = 2;
const AVAIL = 0x80;
const USED = 0x8000;

interface Buffer {
  readonly head: number;
  readonly descriptors: number;
}

/** A packed virtqueue from the driver's side (virtio 1.2 §2.8). */
export class DriverPackedQueue implements DriverQueue {
  readonly ring: number;
  readonly driverEvent: number;
  readonly deviceEvent: number;
  private readonly view: DataView;
  /** Where the next descriptor goes, and the driver's wrap counter. */
  private next = 0;
  private wrap = true;
  /** Where the next used descriptor is expected, and the wrap counter there. */
  private seen = 0;
  private seenWrap = true;
  /** Ids go round, backwards at first: an id is never mistaken for an index. */
  private readonly ids: number[];
  private readonly buffers = new Map<number, Buffer>();

  constructor(
    ram: Uint8Array,
    base: number,
    readonly size: number,
  ) {
    this.view = new DataView(ram.buffer, ram.byteOffset, ram.length);
    this.ring = base;
    this.driverEvent = base + 16 * size;
    this.deviceEvent = this.driverEvent + 4;
    this.ids = Array.from({ length: size }, (_, i) => size - 1 - i);
  }

  /** Writes descriptor `index` with exactly these flags. */
  describe(index: number, gpa: number, length: number, flags: number, id = 0, table = this.ring): void {
    const at = table + 16 * index;
    this.view.setBigUint64(at, BigInt(gpa), true);
    this.view.setUint32(at + 8, length, true);
    this.view.setUint16(at + 12, id, true);
    this.view.setUint16(at + 14, flags, true);
  }

  /** §2.8.1: `flags` with those that make a descriptor of the driver's present lap available. */
  available(flags: number): number {
    return flags | (this.wrap ? AVAIL : USED);
  }

  /** §2.8.6: the id is in the last descriptor; the others have one that nobody may look at. */
  add(pieces: readonly Piece[]): number {
    const id = this.takeId(pieces.length);
    const head = this.next;
    for (const [i, { gpa, length, writable }] of pieces.entries()) {
      const last = i + 1 === pieces.length;
      const flags = this.available((last ? 0 : NEXT) | (writable ? WRITE : 0));
      this.describe(this.next, gpa, length, flags, last ? id : 0xdead);
      this.step();
    }
    this.buffers.set(id, { head, descriptors: pieces.length });
    return head;
  }

  /** Makes one descriptor available as it is told, flags of the lap added; its index. */
  offer(gpa: number, length: number, flags: number): number {
    const id = this.takeId(1);
    const head = this.next;
    this.describe(head, gpa, length, this.available(flags), id);
    this.step();
    this.buffers.set(id, { head, descriptors: 1 });
    return head;
  }

  take(): [number, number][] {
    const taken: [number, number][] = [];
    for (let used = this.usedAt(this.seen, this.seenWrap); used; used = this.usedAt(this.seen, this.seenWrap)) {
      const { id, written, buffer } = used;
      taken.push([buffer.head, written]);
      this.buffers.delete(id);
      this.ids.push(id);
      [this.seen, this.seenWrap] = this.after(this.seen, this.seenWrap, buffer.descriptors);
    }
    return taken;
  }

  get waiting(): number {
    let count = 0;
    let [at, wrap] = [this.seen, this.seenWrap];
    for (let used = this.usedAt(at, wrap); used; used = this.usedAt(at, wrap)) {
      count++;
      [at, wrap] = this.after(at, wrap, used.buffer.descriptors);
    }
    return count;
  }

  /** The flags of descriptor `index`. */
  flagsOf(index: number): number {
    return this.view.getUint16(this.ring + 16 * index + 14, true);
  }

  /** What the driver wants to be told of (§2.8.10). */
  setDriverEvent(flags: number, index = 0, wrap = 0): void {
    this.view.setUint16(this.driverEvent, index | (wrap << 15), true);
    this.view.setUint16(this.driverEvent + 2, flags, true);
  }

  /** What the device wants to be told of: flags, index, wrap counter. */
  get wanted(): [flags: number, index: number, wrap: number] {
    const position = this.view.getUint16(this.deviceEvent, true);
    return [this.view.getUint16(this.deviceEvent + 2, true), position & 0x7fff, position >> 15];
  }

  private takeId(descriptors: number): number {
    let taken = descriptors;
    for (const buffer of this.buffers.values()) taken += buffer.descriptors;
    const id = this.ids.shift();
    if (id === undefined || taken > this.size) throw new Error('the ring is full');
    return id;
  }

  private step(): void {
    [this.next, this.wrap] = this.after(this.next, this.wrap, 1);
  }

  private after(index: number, wrap: boolean, count: number): [number, boolean] {
    return index + count < this.size ? [index + count, wrap] : [index + count - this.size, !wrap];
  }

  /** §2.8.22: what the device has used there in this lap; a buffer it was not given fails the test. */
  private usedAt(index: number, wrap: boolean): { id: number; written: number; buffer: Buffer } | undefined {
    const flags = this.flagsOf(index);
    if ((flags & (AVAIL | USED)) !== (wrap ? AVAIL | USED : 0)) return undefined;
    const id = this.view.getUint16(this.ring + 16 * index + 12, true);
    const buffer = this.buffers.get(id);
    if (buffer === undefined) throw new Error(`used descriptor ${index}: buffer ${id} is not with the device`);
    const written = (flags & WRITE) !== 0 ? this.view.getUint32(this.ring + 16 * index + 8, true) : 0;
    return { id, written, buffer };
  }
}
