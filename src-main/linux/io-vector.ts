import type { MemoryPieces } from '../base/memory-pieces.ts';
import { addressOf, libcFunction } from './libc.ts';

const cMemcpy = libcFunction<[number, number, number], number>(
  'uintptr_t memcpy(uintptr_t target, uintptr_t source, size_t length)',
);

/** sizeof(struct iovec), x86-64: a pointer and a length. */
const IOVEC_BYTES = 16;

/** Where a buffer starts in this process. A buffer's memory does not move while the buffer is reachable. */
const starts = new WeakMap<ArrayBufferLike, number>();
let lastBuffer: ArrayBufferLike | undefined;
let lastStart = 0;

/** Host-virtual address of the first byte of `view`, as a number: user space ends at 2^47. Allocates nothing. */
export function numericAddressOf(view: Uint8Array): number {
  const { buffer } = view;
  if (buffer !== lastBuffer) {
    let start = starts.get(buffer);
    if (start === undefined) {
      start = Number(addressOf(new Uint8Array(buffer)));
      starts.set(buffer, start);
    }
    lastBuffer = buffer;
    lastStart = start;
  }
  return lastStart + view.byteOffset;
}

/** An array of struct iovec in memory the kernel can read; readv(2). */
export class IoVector {
  static readonly MAX_SEGMENTS = 128;
  static readonly BYTES = IoVector.MAX_SEGMENTS * IOVEC_BYTES;

  count = 0;
  bytes = 0;
  readonly address: number;
  private readonly words: Uint32Array;

  constructor(buffer: ArrayBufferLike = new ArrayBuffer(IoVector.BYTES), offset = 0) {
    this.words = new Uint32Array(buffer, offset, IoVector.BYTES / 4);
    this.address = numericAddressOf(new Uint8Array(buffer, offset, 1));
  }

  /** Points at `length` bytes of `pieces` after the first `skip` and nothing else, as far as `appendPieces` does. */
  gather(pieces: MemoryPieces, skip: number, length: number): void {
    this.clear();
    this.appendPieces(pieces, skip, length);
  }

  /** Starts anew, for `append`. */
  clear(): void {
    this.count = 0;
    this.bytes = 0;
  }

  /** Whether `segments` more can be appended. */
  hasRoomFor(segments: number): boolean {
    return this.count + segments <= IoVector.MAX_SEGMENTS;
  }

  /** Adds `length` bytes of `buffer` from `start` on; the caller knows that there is room. Allocates nothing. */
  append(buffer: Uint8Array, start: number, length: number): void {
    if (length > 0) this.push(numericAddressOf(buffer) + start, length);
  }

  /**
   * Adds `length` bytes of `pieces` after the first `skip`; fewer when there is no room for so many pieces, as `bytes`
   * tells. Allocates nothing.
   */
  appendPieces(pieces: MemoryPieces, skip: number, length: number): void {
    let before = skip;
    let left = length;
    for (let i = 0; i < pieces.count && left > 0 && this.hasRoomFor(1); i++) {
      const from = Math.min(before, pieces.lengths[i]!);
      before -= from;
      const count = Math.min(pieces.lengths[i]! - from, left);
      this.append(pieces.buffers[i]!, pieces.starts[i]! + from, count);
      left -= count;
    }
  }

  /** Copies what is pointed at, after the first `skip` bytes, to the start of `target`, which has room for it. */
  copyTo(target: Uint8Array, skip: number): void {
    const { words } = this;
    let before = skip;
    let to = numericAddressOf(target);
    for (let at = 0; at < 4 * this.count; at += 4) {
      const from = Math.min(before, words[at + 2]!);
      before -= from;
      const length = words[at + 2]! - from;
      if (length === 0) continue;
      cMemcpy(to, words[at]! + words[at + 1]! * 0x1_0000_0000 + from, length);
      to += length;
    }
  }

  /** Copies bytes of `source` from `start` on over all that is pointed at; `source` has as many. */
  copyFrom(source: Uint8Array, start: number): void {
    const { words } = this;
    let from = numericAddressOf(source) + start;
    for (let at = 0; at < 4 * this.count; at += 4) {
      const length = words[at + 2]!;
      cMemcpy(words[at]! + words[at + 1]! * 0x1_0000_0000, from, length);
      from += length;
    }
  }

  private push(address: number, length: number): void {
    const at = this.count++ * 4;
    const { words } = this;
    words[at] = address;
    words[at + 1] = address / 0x1_0000_0000;
    words[at + 2] = length;
    words[at + 3] = 0;
    this.bytes += length;
  }
}
