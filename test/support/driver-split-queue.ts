import type { DriverQueue, Piece } from './driver-queue.ts';

/** A split virtqueue from the driver's side (virtio 1.2 §2.7). */
export class DriverSplitQueue implements DriverQueue {
  readonly table: number;
  readonly available: number;
  readonly used: number;
  private readonly view: DataView;
  private free = 0;
  private seen = 0;

  constructor(
    ram: Uint8Array,
    base: number,
    readonly size: number,
  ) {
    this.view = new DataView(ram.buffer, ram.byteOffset, ram.length);
    this.table = base;
    this.available = base + 16 * size;
    this.used = (this.available + 2 * (3 + size) + 3) & ~3;
  }

  /** Writes descriptor `index`. */
  describe(index: number, gpa: number, length: number, flags: number, next = 0, table = this.table): void {
    const at = table + 16 * index;
    this.view.setBigUint64(at, BigInt(gpa), true);
    this.view.setUint32(at + 8, length, true);
    this.view.setUint16(at + 12, flags, true);
    this.view.setUint16(at + 14, next, true);
  }

  add(pieces: readonly Piece[]): number {
    const head = this.free;
    for (const [i, { gpa, length, writable }] of pieces.entries()) {
      const more = i + 1 < pieces.length;
      this.describe(this.free, gpa, length, (more ? 1 : 0) | (writable ? 2 : 0), (this.free + 1) % this.size);
      this.free = (this.free + 1) % this.size;
    }
    this.offer(head);
    return head;
  }

  get waiting(): number {
    return (this.view.getUint16(this.used + 2, true) - this.seen) & 0xffff;
  }

  offer(head: number): void {
    const index = this.view.getUint16(this.available + 2, true);
    this.view.setUint16(this.available + 4 + 2 * (index % this.size), head, true);
    this.view.setUint16(this.available + 2, index + 1, true);
  }

  take(): [number, number][] {
    const taken: [number, number][] = [];
    while (this.seen !== this.view.getUint16(this.used + 2, true)) {
      const at = this.used + 4 + 8 * (this.seen % this.size);
      taken.push([this.view.getUint32(at, true), this.view.getUint32(at + 4, true)]);
      this.seen = (this.seen + 1) & 0xffff;
    }
    return taken;
  }

  set availableFlags(value: number) {
    this.view.setUint16(this.available, value, true);
  }

  set usedEvent(value: number) {
    this.view.setUint16(this.available + 4 + 2 * this.size, value, true);
  }

  get availableEvent(): number {
    return this.view.getUint16(this.used + 4 + 8 * this.size, true);
  }

  get usedFlags(): number {
    return this.view.getUint16(this.used, true);
  }
}
