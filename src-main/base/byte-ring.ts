import { invariant } from './failure.ts';

/** Where a chip puts bytes that leave the machine. */
export interface ByteSink {
  /** False, and nothing stored, when there is no room. */
  push(byte: number): boolean;
  /** How many bytes `push` will take before it refuses. */
  readonly space: number;
}

/** Where a chip takes bytes from that enter the machine. */
export interface ByteSource {
  /** The next byte, or -1 when there is none. */
  shift(): number;
  readonly length: number;
}

const HEAD = 0;
const TAIL = 1;
const WAITING = 2;
const HEADER_WORDS = 4;

/**
 * A byte queue over shared memory for one producer and one consumer at a time, in any two threads.
 * Head and tail count bytes modulo 2^32, so all of `capacity` is usable; capacity is a power of two.
 */
export class ByteRing implements ByteSink, ByteSource {
  static readonly HEADER_BYTES = HEADER_WORDS * 4;

  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly mask: number;

  /** Over `HEADER_BYTES + capacity` zeroed bytes at `offset`, a multiple of 4. */
  constructor(buffer: SharedArrayBuffer, offset: number, capacity: number) {
    invariant(capacity > 0 && (capacity & (capacity - 1)) === 0, `ring capacity ${capacity} is not a power of two`);
    this.words = new Int32Array(buffer, offset, HEADER_WORDS);
    this.bytes = new Uint8Array(buffer, offset + ByteRing.HEADER_BYTES, capacity);
    this.mask = capacity - 1;
  }

  static allocate(capacity: number): ByteRing {
    return new ByteRing(new SharedArrayBuffer(ByteRing.HEADER_BYTES + capacity), 0, capacity);
  }

  get length(): number {
    return (Atomics.load(this.words, HEAD) - Atomics.load(this.words, TAIL)) >>> 0;
  }

  get space(): number {
    return this.bytes.length - this.length;
  }

  push(byte: number): boolean {
    if (this.space === 0) return false;
    const head = Atomics.load(this.words, HEAD);
    this.bytes[head & this.mask] = byte;
    Atomics.store(this.words, HEAD, (head + 1) | 0);
    this.wake();
    return true;
  }

  /** Stores as much of `source` as fits; returns how much that was. */
  pushBytes(source: Uint8Array): number {
    const count = Math.min(source.length, this.space);
    const head = Atomics.load(this.words, HEAD);
    const start = head & this.mask;
    const first = Math.min(count, this.bytes.length - start);
    this.bytes.set(source.subarray(0, first), start);
    this.bytes.set(source.subarray(first, count), 0);
    Atomics.store(this.words, HEAD, (head + count) | 0);
    if (count > 0) this.wake();
    return count;
  }

  shift(): number {
    if (this.length === 0) return -1;
    const tail = Atomics.load(this.words, TAIL);
    const byte = this.bytes[tail & this.mask]!;
    Atomics.store(this.words, TAIL, (tail + 1) | 0);
    return byte;
  }

  /** Moves up to `target.length` bytes into `target`; returns how many. */
  shiftInto(target: Uint8Array): number {
    const count = Math.min(target.length, this.length);
    const tail = Atomics.load(this.words, TAIL);
    const start = tail & this.mask;
    const first = Math.min(count, this.bytes.length - start);
    target.set(this.bytes.subarray(start, start + first), 0);
    target.set(this.bytes.subarray(0, count - first), first);
    Atomics.store(this.words, TAIL, (tail + count) | 0);
    return count;
  }

  /** Consumer: drops what is there. */
  clear(): void {
    Atomics.store(this.words, TAIL, Atomics.load(this.words, HEAD));
  }

  /** Consumer: settles once the ring holds a byte. Does not keep the process alive by itself. */
  async readable(): Promise<void> {
    Atomics.store(this.words, WAITING, 1);
    while (this.length === 0) {
      const wait = Atomics.waitAsync(this.words, WAITING, 1);
      if (wait.async) await wait.value;
      Atomics.store(this.words, WAITING, 1);
    }
    Atomics.store(this.words, WAITING, 0);
  }

  /** Makes a pending `readable` look again. */
  private wake(): void {
    if (Atomics.load(this.words, WAITING) === 1 && Atomics.exchange(this.words, WAITING, 0) === 1) {
      Atomics.notify(this.words, WAITING);
    }
  }
}
