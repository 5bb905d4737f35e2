/**
 * Where a frame lies in memory: pieces of buffers, one after another. Reused from frame to frame; nothing is allocated.
 */
export class FramePieces {
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

  /** Copies the bytes after the first `skip` to `at` in `target`. */
  copyTo(target: Uint8Array, at: number, skip: number): void {
    let before = skip;
    let to = at;
    for (let i = 0; i < this.count; i++) {
      const from = Math.min(before, this.lengths[i]!);
      before -= from;
      const start = this.starts[i]! + from;
      target.set(this.buffers[i]!.subarray(start, this.starts[i]! + this.lengths[i]!), to);
      to += this.lengths[i]! - from;
    }
  }

  /** Copies `source` over the bytes after the first `skip`; there is room for it. */
  copyFrom(source: Uint8Array, skip: number): void {
    let before = skip;
    let done = 0;
    for (let i = 0; i < this.count && done < source.length; i++) {
      const from = Math.min(before, this.lengths[i]!);
      before -= from;
      const length = Math.min(this.lengths[i]! - from, source.length - done);
      this.buffers[i]!.set(source.subarray(done, done + length), this.starts[i]! + from);
      done += length;
    }
  }
}
