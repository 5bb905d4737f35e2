import type { BlockBackend, BlockRequest } from '../../src-main/storage/block-backend.ts';

/** A disk in memory. With `later`, requests wait until `reap`. */
export class MemoryDisk implements BlockBackend {
  readonly bytes: Uint8Array;
  readonly optimalBlockBytes = 512;
  readonly completionFd: number;
  readonly log: string[] = [];
  private readonly waiting: BlockRequest[] = [];

  constructor(
    readonly sizeBytes: number,
    readonly readOnly = false,
    private readonly later = false,
  ) {
    this.bytes = new Uint8Array(sizeBytes);
    this.completionFd = later ? 1000 : -1;
  }

  submit(request: BlockRequest): void {
    const { op, offset, length } = request;
    this.log.push(`${op} ${offset}+${length}`);
    if (this.later) this.waiting.push(request);
    else this.perform(request);
  }

  reap(): void {
    for (const request of this.waiting.splice(0)) this.perform(request);
  }

  plug(): void {}
  unplug(): void {}

  dispose(): void {
    this.reap();
  }

  private perform(request: BlockRequest): void {
    const { op, offset, length, pieces } = request;
    if (offset < 0 || offset + length > this.sizeBytes) throw new Error(`${op} ${offset}+${length}: beyond the disk`);
    const range = this.bytes.subarray(offset, offset + length);
    if (op === 'read' || op === 'write') {
      if (pieces.bytes !== length) throw new Error(`${op}: ${pieces.bytes} bytes of memory for ${length}`);
      if (op === 'read') pieces.copyFrom(range, 0);
      else pieces.copyTo(range, 0, 0);
    } else if (op !== 'flush') {
      range.fill(0);
    }
    request.done('ok');
  }
}
