import { ftruncateSync, writeSync } from 'node:fs';

const STRIDE = 64 * 1024;
const zeros = Buffer.alloc(STRIDE);

/** Writes a file's bytes where they belong, leaving holes where whole strides of them are zero. */
export class FileBody {
  private end = 0;

  constructor(private readonly fd: number) {}

  write(bytes: Buffer, offset: number): void {
    if (bytes.length < STRIDE) {
      this.put(bytes, offset);
      return;
    }
    let from = 0;
    for (let at = 0; at < bytes.length; at += STRIDE) {
      if (!isZero(bytes, at)) continue;
      if (at > from) this.put(bytes.subarray(from, at), offset + from);
      from = Math.min(at + STRIDE, bytes.length);
    }
    if (from < bytes.length) this.put(bytes.subarray(from), offset + from);
  }

  /** Gives it its full length, which a hole at its end did not. */
  finish(size: number): void {
    if (this.end < size) ftruncateSync(this.fd, size);
  }

  private put(bytes: Buffer, offset: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.fd, bytes, done, bytes.length - done, offset + done);
    }
    this.end = Math.max(this.end, offset + bytes.length);
  }
}

function isZero(bytes: Buffer, at: number): boolean {
  const end = Math.min(at + STRIDE, bytes.length);
  return bytes[at] === 0 && bytes[end - 1] === 0 && zeros.compare(bytes, at, end, 0, end - at) === 0;
}
