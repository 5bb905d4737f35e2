import type { Disposable } from '../base/disposable.ts';
import { Failure } from '../base/failure.ts';
import { MemoryPieces } from '../base/memory-pieces.ts';
import { nextData, nextHole } from '../linux/file-io.ts';
import type { ImageFile } from './image-file.ts';
import { DirectTransfers, type Job, JobPool, type Transfers } from './transfers.ts';

/** What a stretch of a disk is made of, as far as one image knows. */
export type ExtentKind = 'data' | 'zero' | 'unallocated' | 'compressed';

/** One image of a chain, for reading: the disk's own or a backing file. */
export interface Layer extends Disposable {
  readonly sizeBytes: number;
  /** Starts reading into the memory of the job's request, after its first `skip` bytes; damage throws. */
  read(transfers: Transfers, job: Job, skip: number, offset: number, length: number): void;
  /** What the bytes from `offset` on are, and for how many of them that is known to hold. */
  extent(offset: number, length: number): { readonly kind: ExtentKind; readonly length: number };
}

/** Reads from an image that may be smaller than the disk on top of it. */
export function readPadded(
  layer: Layer,
  transfers: Transfers,
  job: Job,
  skip: number,
  offset: number,
  length: number,
): void {
  const inside = Math.max(0, Math.min(length, layer.sizeBytes - offset));
  if (inside > 0) layer.read(transfers, job, skip, offset, inside);
  if (inside < length) job.request!.pieces.zero(skip + inside, length - inside);
}

const direct = new DirectTransfers();
const jobs = new JobPool();

/** Reads at once into `bytes`; throws when that fails. */
export function readNow(layer: Layer, offset: number, bytes: Uint8Array): void {
  let status = 'failed';
  const job = jobs.take({
    op: 'read',
    offset,
    length: bytes.length,
    pieces: MemoryPieces.of(bytes),
    done(result) {
      status = result;
    },
  });
  try {
    readPadded(layer, direct, job, 0, offset, bytes.length);
  } finally {
    job.end('ok');
  }
  if (status !== 'ok') throw new Failure('failed', 'disk-read', 'a backing file cannot be read');
}

/** A raw image as a backing file. */
export class RawLayer implements Layer {
  readonly sizeBytes: number;

  constructor(private readonly file: ImageFile) {
    this.sizeBytes = file.size();
  }

  read(transfers: Transfers, job: Job, skip: number, offset: number, length: number): void {
    transfers.read(this.file, offset, job, skip, length);
  }

  extent(offset: number, length: number): { kind: ExtentKind; length: number } {
    const hole = nextHole(this.file.fd, offset);
    if (hole === undefined || hole > offset)
      return { kind: 'data', length: Math.min(length, (hole ?? Number.POSITIVE_INFINITY) - offset) };
    const data = nextData(this.file.fd, offset) ?? Number.POSITIVE_INFINITY;
    return { kind: 'zero', length: Math.min(length, data - offset) };
  }

  dispose(): void {
    this.file.dispose();
  }
}
