import type { MemoryPieces } from '../../src-main/base/memory-pieces.ts';
import type { ImageFile } from '../../src-main/storage/image-file.ts';
import type { Random } from './random.ts';

interface Write {
  readonly kind: 'write';
  readonly offset: number;
  readonly bytes: Uint8Array;
}

type Change = Write | { readonly kind: 'resize'; readonly size: number } | { readonly kind: 'sync' };

const SECTOR = 512;

/** An image file in memory that remembers every change and every sync, to play them back up to any point. */
export class RecordedFile implements ImageFile {
  readonly fd = -1;
  readonly changes: Change[] = [];

  constructor(
    readonly object: string,
    readonly readOnly = false,
    private content: Buffer = Buffer.alloc(0),
  ) {}

  size(): number {
    return this.content.length;
  }

  readInto(pieces: MemoryPieces, skip: number, length: number, offset: number): void {
    const bytes = new Uint8Array(length);
    bytes.set(this.content.subarray(offset, offset + length));
    pieces.copyFrom(bytes, skip);
  }

  writeFrom(pieces: MemoryPieces, skip: number, length: number, offset: number): void {
    const bytes = new Uint8Array(length);
    pieces.copyTo(bytes, 0, skip);
    this.record({ kind: 'write', offset, bytes });
  }

  zero(offset: number, length: number): void {
    this.record({ kind: 'write', offset, bytes: new Uint8Array(length) });
  }

  punch(offset: number, length: number): void {
    const inside = Math.min(length, this.content.length - offset);
    if (inside > 0) this.zero(offset, inside);
  }

  resize(size: number): void {
    this.record({ kind: 'resize', size });
  }

  sync(): void {
    this.changes.push({ kind: 'sync' });
  }

  noteSyncFailure(): void {}
  dispose(): void {}

  /**
   * The file as a power cut right after the first `count` changes may leave it: what was synced is there, and of the
   * sectors written since, any.
   */
  afterCut(count: number, random: Random): Buffer {
    let synced = 0;
    for (let i = 0; i < count; i++) if (this.changes[i]!.kind === 'sync') synced = i;
    const keep = random.pick([0, 1, 2, 3, 4]);
    const whole = Buffer.alloc(this.content.length);
    let size = 0;
    for (let i = 0; i < count; i++) {
      const change = this.changes[i]!;
      if (change.kind === 'resize') size = change.size;
      if (change.kind !== 'write') continue;
      size = Math.max(size, change.offset + change.bytes.length);
      if (i < synced) whole.set(change.bytes, change.offset);
      else writeSectors(whole, change, () => random.below(4) < keep);
    }
    return whole.subarray(0, size);
  }

  private record(change: Change): void {
    this.changes.push(change);
    const end =
      change.kind === 'resize' ? change.size : change.kind === 'write' ? change.offset + change.bytes.length : 0;
    if (end > this.content.length)
      this.content = Buffer.concat([this.content, Buffer.alloc(end - this.content.length)]);
    if (change.kind === 'write') this.content.set(change.bytes, change.offset);
  }
}

function writeSectors(into: Buffer, { offset, bytes }: Write, kept: () => boolean): void {
  for (let at = 0; at < bytes.length; ) {
    const part = Math.min(bytes.length - at, SECTOR - ((offset + at) % SECTOR));
    if (kept()) into.set(bytes.subarray(at, at + part), offset + at);
    at += part;
  }
}
