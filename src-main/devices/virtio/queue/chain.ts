import type { GuestMemory } from '../../../vmm/memory/guest-memory.ts';

/** Up to here bytes are copied one by one: making a view of RAM takes longer. A block request's header has 16 bytes. */
const SMALL = 64;

/** Takes pieces of memory one after another. */
export interface PieceSink {
  add(buffer: Uint8Array, start: number, length: number): void;
}

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
    if (target.length <= SMALL) return this.copySmall(memory, 0, this.readablePieces, skip, target, false);
    return this.visit(memory, 0, this.readablePieces, skip, target.length, (ram, done) => target.set(ram, done));
  }

  /** Copies `source` over the writable bytes after the first `skip`; how much there was room for. */
  write(memory: GuestMemory, skip: number, source: Uint8Array): number {
    const { readablePieces, pieces } = this;
    if (source.length <= SMALL) return this.copySmall(memory, readablePieces, pieces, skip, source, true);
    return this.visit(memory, readablePieces, pieces, skip, source.length, (ram, done) =>
      ram.set(source.subarray(done, done + ram.length)),
    );
  }

  /** `length` readable bytes after the first `skip`, as views of RAM, added to `segments`. */
  readable(memory: GuestMemory, skip: number, length: number, segments: Uint8Array[]): void {
    this.visit(memory, 0, this.readablePieces, skip, length, (ram) => segments.push(ram));
  }

  /** `length` writable bytes after the first `skip`, as views of RAM, added to `segments`. */
  writable(memory: GuestMemory, skip: number, length: number, segments: Uint8Array[]): void {
    this.visit(memory, this.readablePieces, this.pieces, skip, length, (ram) => segments.push(ram));
  }

  /** Adds all readable bytes to `sink`. Allocates nothing. */
  readableTo(memory: GuestMemory, sink: PieceSink): void {
    this.tell(memory, 0, this.readablePieces, sink);
  }

  /** Adds all writable bytes to `sink`. Allocates nothing. */
  writableTo(memory: GuestMemory, sink: PieceSink): void {
    this.tell(memory, this.readablePieces, this.pieces, sink);
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

  private tell(memory: GuestMemory, from: number, to: number, sink: PieceSink): void {
    for (let i = from; i < to; i++) {
      const gpa = this.addresses[i]!;
      const region = memory.regionOf(gpa, this.lengths[i]!)!;
      sink.add(region.bytes, gpa - region.gpa, this.lengths[i]!);
    }
  }

  /** What most requests begin and end with, byte by byte: allocates nothing. */
  private copySmall(
    memory: GuestMemory,
    from: number,
    to: number,
    skip: number,
    own: Uint8Array,
    toRam: boolean,
  ): number {
    let before = skip;
    let done = 0;
    for (let i = from; i < to && done < own.length; i++) {
      const size = this.lengths[i]!;
      if (before >= size) {
        before -= size;
        continue;
      }
      const gpa = this.addresses[i]! + before;
      const end = done + Math.min(size - before, own.length - done);
      const { bytes, gpa: start } = memory.regionOf(gpa, end - done)!;
      for (let at = gpa - start; done < end; at++, done++) {
        if (toRam) bytes[at] = own[done]!;
        else own[done] = bytes[at]!;
      }
      before = 0;
    }
    return done;
  }

  private visit(
    memory: GuestMemory,
    from: number,
    to: number,
    skip: number,
    length: number,
    each: (ram: Uint8Array, done: number) => void,
  ): number {
    let before = skip;
    let done = 0;
    for (let i = from; i < to && done < length; i++) {
      const size = this.lengths[i]!;
      if (before >= size) {
        before -= size;
        continue;
      }
      const gpa = this.addresses[i]! + before;
      const count = Math.min(size - before, length - done);
      const region = memory.regionOf(gpa, count)!;
      each(region.bytes.subarray(gpa - region.gpa, gpa - region.gpa + count), done);
      done += count;
      before = 0;
    }
    return done;
  }
}
