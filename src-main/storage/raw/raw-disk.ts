import type { BlockBackend, BlockRequest, BlockStatus } from '../block-backend.ts';
import type { ImageFile } from '../image-file.ts';
import { type Job, JobPool, statusOf, type Transfers } from '../transfers.ts';

export const SECTOR = 512;

/** An image that is the disk, byte for byte. A size that is no multiple of a sector is rounded up, as QEMU does. */
export class RawDisk implements BlockBackend {
  readonly sizeBytes: number;
  readonly optimalBlockBytes: number;
  private readonly jobs = new JobPool();

  constructor(
    private readonly file: ImageFile,
    private readonly transfers: Transfers,
    options: { readonly optimalBlockBytes?: number } = {},
  ) {
    this.sizeBytes = Math.ceil(file.size() / SECTOR) * SECTOR;
    this.optimalBlockBytes = options.optimalBlockBytes ?? 4096;
  }

  get readOnly(): boolean {
    return this.file.readOnly;
  }

  get completionFd(): number {
    return this.transfers.completionFd;
  }

  submit(request: BlockRequest): void {
    const refusal = refuse(this, request);
    if (refusal !== undefined) {
      request.done(refusal);
      return;
    }
    const job = this.jobs.take(request);
    job.end(this.start(request, job));
  }

  reap(): void {
    this.transfers.reap();
  }

  plug(): void {
    this.transfers.plug();
  }

  unplug(): void {
    this.transfers.unplug();
  }

  dispose(): void {
    this.transfers.dispose();
    this.file.dispose();
  }

  private start({ op, offset, length }: BlockRequest, job: Job): BlockStatus {
    const { file, transfers } = this;
    switch (op) {
      case 'read':
        transfers.read(file, offset, job, 0, length);
        return 'ok';
      case 'write':
        transfers.write(file, offset, job, 0, length);
        return 'ok';
      case 'flush':
        transfers.sync(file, job);
        return 'ok';
      case 'discard':
        return now(() => file.punch(offset, length));
      case 'write-zeroes':
        return now(() => file.zero(offset, length));
    }
  }
}

function now(perform: () => void): BlockStatus {
  try {
    perform();
    return 'ok';
  } catch (error) {
    return statusOf(error);
  }
}

/** Why a request cannot even be started, whatever the format. */
export function refuse(disk: BlockBackend, { op, offset, length }: BlockRequest): BlockStatus | undefined {
  if (op === 'flush') return undefined;
  if (op !== 'read' && disk.readOnly) return 'read-only';
  if (!(offset >= 0 && length >= 0 && offset + length <= disk.sizeBytes)) return 'failed';
  return undefined;
}
