/**
 * Where bytes lie in memory: pieces of buffers, one after another. A frame, a disk request's data, a packet's: what goes
 * between guest RAM and the kernel without being copied. Made once with room for so many pieces and used again and
 * again, so that adding one allocates nothing.
 */
export class MemoryPieces {
  count = 0;
  bytes = 0;
  readonly buffers: Uint8Array[] = [];
  /** Of each piece in its buffer. */
  readonly starts: Float64Array;
  readonly lengths: Float64Array;

  /** @param capacity pieces it has room for */
  constructor(readonly capacity: number) {
    this.starts = new Float64Array(capacity);
    this.lengths = new Float64Array(capacity);
  }

  /** All of `buffers`. */
  static of(...buffers: readonly Uint8Array[]): MemoryPieces {
    const pieces = new MemoryPieces(buffers.length);
    for (const buffer of buffers) pieces.add(buffer, 0, buffer.length);
    return pieces;
  }

  clear(): void {
    this.count = 0;
    this.bytes = 0;
  }

  /** Adds `length` bytes of `buffer` from `start` on. The caller knows that there is room for a piece. */
  add(buffer: Uint8Array, start: number, length: number): void {
    this.buffers[this.count] = buffer;
    this.starts[this.count] = start;
    this.lengths[this.count] = length;
    this.count++;
    this.bytes += length;
  }

  byte(at: number): number {
    let before = at;
    for (let i = 0; i < this.count; i++) {
      if (before < this.lengths[i]!) return this.buffers[i]![this.starts[i]! + before]!;
      before -= this.lengths[i]!;
    }
    return 0;
  }

  setByte(at: number, value: number): void {
    let before = at;
    for (let i = 0; i < this.count; i++) {
      if (before < this.lengths[i]!) {
        this.buffers[i]![this.starts[i]! + before] = value;
        return;
      }
      before -= this.lengths[i]!;
    }
  }

  /** Copies the bytes after the first `skip` to `at` in `target`, as many as there are and it has room for. */
  copyTo(target: Uint8Array, at: number, skip: number): void {
    this.views(skip, target.length - at, (view, done) => target.set(view, at + done));
  }

  /** Copies `source` over the bytes after the first `skip`, as far as there are any. */
  copyFrom(source: Uint8Array, skip: number): void {
    this.views(skip, source.length, (view, done) => view.set(source.subarray(done, done + view.length)));
  }

  /** Makes `length` bytes after the first `skip` zero. */
  zero(skip: number, length: number): void {
    this.views(skip, length, (view) => view.fill(0));
  }

  /** Calls `each` with what makes up `length` bytes after the first `skip`, and how many came before it. */
  private views(skip: number, length: number, each: (view: Uint8Array, done: number) => void): void {
    let before = skip;
    let done = 0;
    for (let i = 0; i < this.count && done < length; i++) {
      const from = Math.min(before, this.lengths[i]!);
      before -= from;
      const start = this.starts[i]! + from;
      const count = Math.min(this.lengths[i]! - from, length - done);
      if (count > 0) each(this.buffers[i]!.subarray(start, start + count), done);
      done += count;
    }
  }
}
