import { MemoryPieces } from '../../../base/memory-pieces.ts';

/** Bytes that wait to be sent, at most `capacity`, first in, first out. Has no memory until there are any. */
export class Backlog {
  private memory: Uint8Array | undefined;
  private start = 0;
  private end = 0;
  private readonly pieces = new MemoryPieces(1);

  constructor(readonly capacity: number) {}

  get bytes(): number {
    return this.end - this.start;
  }

  /** Makes room for `length` bytes and returns it, for the caller to fill; there is that much left of the capacity. */
  room(length: number): Uint8Array {
    this.memory ??= new Uint8Array(this.capacity);
    if (this.end + length > this.capacity) {
      this.memory.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    this.end += length;
    return this.memory.subarray(this.end - length, this.end);
  }

  /** What waits, oldest first; until the next change. */
  get waiting(): MemoryPieces {
    this.pieces.clear();
    if (this.memory !== undefined) this.pieces.add(this.memory, this.start, this.bytes);
    return this.pieces;
  }

  /** The oldest `length` bytes have been sent. */
  sent(length: number): void {
    this.start += length;
    if (this.start === this.end) this.clear();
  }

  clear(): void {
    this.start = 0;
    this.end = 0;
  }
}
