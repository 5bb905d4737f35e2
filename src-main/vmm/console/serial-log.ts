import { closeSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import type { Disposable } from '../../base/disposable.ts';
import { asFailure, type Failure } from '../../base/failure.ts';

/** What a late visitor gets, and what survives in memory when the disk is full (interfaces.md, "Per-VM sockets"). */
export const SCROLLBACK_BYTES = 256 * 1024;

interface LogFile {
  readonly fd: number;
  /** Stream offset of the first byte that can be read from it, and where in the file that is. */
  readonly start: number;
  readonly startsAt: number;
  /** Bytes from there on. */
  size: number;
}

/**
 * Everything a serial port has printed since the machine started, addressed by stream offset: the last 256 KiB in
 * memory, more on disk. The file is rotated once, at `bound` bytes: between `bound` and twice that are kept.
 */
export class SerialLog implements Disposable {
  private readonly tail = new Uint8Array(SCROLLBACK_BYTES);
  private current: LogFile;
  private previous: LogFile | undefined;
  private written = 0;
  /** Why the file no longer grows, if it does not: a full disk. Tried again with every write. */
  failure: Failure | undefined;

  /** Starts a new log at `path`; what an earlier run left there becomes `path.1`. */
  constructor(
    private readonly path: string,
    private readonly bound = 16 * 1024 * 1024,
  ) {
    if (statSync(path, { throwIfNoEntry: false })?.size) renameSync(path, `${path}.1`);
    this.current = { fd: openSync(path, 'w+', 0o600), start: 0, startsAt: 0, size: 0 };
  }

  /** Stream offset of the next byte to come: how much has been printed. */
  get end(): number {
    return this.written;
  }

  /** Stream offset of the oldest byte that can still be read. */
  get start(): number {
    const inMemory = Math.max(0, this.written - SCROLLBACK_BYTES);
    if (this.failure !== undefined) return inMemory;
    return Math.min(inMemory, this.previous?.start ?? this.current.start);
  }

  append(bytes: Uint8Array): void {
    this.keepInMemory(bytes);
    this.written += bytes.length;
    try {
      if (this.failure !== undefined) this.skipTo(this.written - bytes.length);
      if (this.current.startsAt + this.current.size >= this.bound) this.rotate();
      for (let done = 0; done < bytes.length; ) {
        const at = this.current.startsAt + this.current.size;
        const count = writeSync(this.current.fd, bytes, done, bytes.length - done, at);
        this.current.size += count;
        done += count;
      }
      this.failure = undefined;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** Copies bytes from stream offset `from` on into `target`; how many, 0 when there are none (any more, or yet). */
  read(from: number, target: Uint8Array): number {
    const count = Math.min(target.length, this.written - from);
    if (count <= 0 || from < this.start) return 0;
    if (from >= this.written - SCROLLBACK_BYTES) return this.readMemory(from, target, count);
    const file = from >= this.current.start ? this.current : this.previous;
    if (!file) return 0;
    const inFile = Math.min(count, file.start + file.size - from);
    return readSync(file.fd, target, 0, inFile, file.startsAt + from - file.start);
  }

  dispose(): void {
    closeSync(this.current.fd);
    if (this.previous) closeSync(this.previous.fd);
  }

  private readMemory(from: number, target: Uint8Array, count: number): number {
    const at = from % SCROLLBACK_BYTES;
    const first = Math.min(count, SCROLLBACK_BYTES - at);
    target.set(this.tail.subarray(at, at + first));
    target.set(this.tail.subarray(0, count - first), first);
    return count;
  }

  private keepInMemory(bytes: Uint8Array): void {
    const kept = bytes.subarray(Math.max(0, bytes.length - SCROLLBACK_BYTES));
    const at = (this.written + bytes.length - kept.length) % SCROLLBACK_BYTES;
    const first = Math.min(kept.length, SCROLLBACK_BYTES - at);
    this.tail.set(kept.subarray(0, first), at);
    this.tail.set(kept.subarray(first), 0);
  }

  /** The next file is made before the full one loses its name: where there is no room for it, nothing has changed. */
  private rotate(): void {
    const next = `${this.path}.next`;
    const fd = openSync(next, 'w+', 0o600);
    renameSync(this.path, `${this.path}.1`);
    renameSync(next, this.path);
    if (this.previous) closeSync(this.previous.fd);
    this.previous = this.current;
    this.current = { fd, start: this.previous.start + this.previous.size, startsAt: 0, size: 0 };
  }

  /** After failed writes the file lacks what was printed meanwhile: what it had before can no longer be addressed. */
  private skipTo(offset: number): void {
    const { fd, start, startsAt, size } = this.current;
    if (start + size === offset) return;
    if (this.previous) closeSync(this.previous.fd);
    this.previous = undefined;
    this.current = { fd, start: offset, startsAt: startsAt + size, size: 0 };
  }
}
