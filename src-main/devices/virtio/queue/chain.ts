import type { MemoryPieces } from '../../../base/memory-pieces.ts';
import type { GuestMemory } from '../../../vmm/memory/guest-memory.ts';

/** Up to here bytes are copied one by one: making a view of RAM takes longer. A block request's header has 16 bytes. */
const SMALL = 64;

/**
 * One descriptor chain taken from a queue, as pieces of guest RAM: each lies in one region and has been checked. First
 * the device-readable pieces, then the device-writable ones. Reused from chain to chain.
 */
export class Chain {
  /** Whose buffer it is: the head's index (split) or the buffer id (packed). */
  id = 0;
  /** How many descriptors it took up in the ring. */
  descriptors = 0;
  pieces = 0;
  readablePieces = 0;
  readableBytes = 0;
  writableBytes = 0;
  readonly addresses: Float64Array;
  readonly lengths: Float64Array;
  /** Of the piece a walk comes to next: the bytes to pass over. */
  private passed = 0;
  /** Where `reach` has come to. */
  private ram!: Uint8Array;
  private at = 0;

  /** @param capacity pieces it has room for */
  constructor(readonly capacity: number) {
    this.addresses = new Float64Array(capacity);
    this.lengths = new Float64Array(capacity);
  }

  begin(id: number): void {
    this.id = id;
    this.descriptors = 0;
    this.pieces = 0;
    this.readablePieces = 0;
    this.readableBytes = 0;
    this.writableBytes = 0;
  }

  /** Adds one descriptor's buffer; false when it is not all RAM, out of order, or too much. Zero bytes add nothing. */
  add(memory: GuestMemory, gpa: number, length: number, writable: boolean): boolean {
    if (!writable && this.pieces > this.readablePieces) return false;
    let at = gpa;
    let left = length;
    while (left > 0) {
      const count = Math.min(left, memory.contiguous(at));
      if (count === 0 || this.pieces === this.capacity) return false;
      this.addresses[this.pieces] = at;
      this.lengths[this.pieces] = count;
      this.pieces++;
      at += count;
      left -= count;
    }
    if (writable) {
      this.writableBytes += length;
    } else {
      this.readablePieces = this.pieces;
      this.readableBytes += length;
    }
    return true;
  }

  /** Copies the readable bytes after the first `skip` into `target`; how many there were. */
  read(memory: GuestMemory, skip: number, target: Uint8Array): number {
    let done = 0;
    for (let i = this.find(0, this.readablePieces, skip); i < this.readablePieces && done < target.length; i++) {
      const count = this.reach(memory, i, target.length - done);
      copy(this.ram, this.at, target, done, count);
      done += count;
    }
    return done;
  }

  /** Copies `source` over the writable bytes after the first `skip`; how much there was room for. */
  write(memory: GuestMemory, skip: number, source: Uint8Array): number {
    let done = 0;
    for (let i = this.find(this.readablePieces, this.pieces, skip); i < this.pieces && done < source.length; i++) {
      const count = this.reach(memory, i, source.length - done);
      copy(source, done, this.ram, this.at, count);
      done += count;
    }
    return done;
  }

  /** Adds `length` readable bytes after the first `skip` to `target`, which has room for as many pieces as this. */
  readableTo(memory: GuestMemory, target: MemoryPieces, skip = 0, length = this.readableBytes): void {
    this.tell(memory, 0, this.readablePieces, target, skip, length);
  }

  /** Adds `length` writable bytes after the first `skip` to `target`, which has room for as many pieces as this. */
  writableTo(memory: GuestMemory, target: MemoryPieces, skip = 0, length = this.writableBytes): void {
    this.tell(memory, this.readablePieces, this.pieces, target, skip, length);
  }

  /** Names the RAM behind the first `written` writable bytes. */
  tellWrites(wrote: (gpa: number, length: number) => void, written: number): void {
    let left = Math.min(written, this.writableBytes);
    for (let i = this.readablePieces; i < this.pieces && left > 0; i++) {
      const count = Math.min(left, this.lengths[i]!);
      wrote(this.addresses[i]!, count);
      left -= count;
    }
  }

  private tell(
    memory: GuestMemory,
    from: number,
    to: number,
    target: MemoryPieces,
    skip: number,
    length: number,
  ): void {
    let left = length;
    for (let i = this.find(from, to, skip); i < to && left > 0; i++) {
      const count = this.reach(memory, i, left);
      target.add(this.ram, this.at, count);
      left -= count;
    }
  }

  /** The piece of those from `from` to `to` in which the byte after the first `skip` lies, for `reach`. */
  private find(from: number, to: number, skip: number): number {
    let piece = from;
    this.passed = skip;
    while (piece < to && this.passed >= this.lengths[piece]!) this.passed -= this.lengths[piece++]!;
    return piece;
  }

  /** Comes to the bytes of a piece that are not passed over, `most` at most; how many. */
  private reach(memory: GuestMemory, piece: number, most: number): number {
    const count = Math.min(this.lengths[piece]! - this.passed, most);
    const gpa = this.addresses[piece]! + this.passed;
    const { bytes, gpa: start } = memory.regionOf(gpa, count)!;
    this.ram = bytes;
    this.at = gpa - start;
    this.passed = 0;
    return count;
  }
}

function copy(source: Uint8Array, from: number, target: Uint8Array, to: number, count: number): void {
  if (count > SMALL) target.set(source.subarray(from, from + count), to);
  else for (let i = 0; i < count; i++) target[to + i] = source[from + i]!;
}
