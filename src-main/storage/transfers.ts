import type { Disposable } from '../base/disposable.ts';
import { Failure } from '../base/failure.ts';
import { SystemCallFailure } from '../linux/libc.ts';
import type { BlockRequest, BlockStatus } from './block-backend.ts';
import type { ImageFile } from './image-file.ts';

/** What a host error looks like to the guest. */
export function statusOf(error: unknown): BlockStatus {
  if (error instanceof SystemCallFailure) return statusOfErrno(error.errnoName);
  if (error instanceof Failure) return 'failed';
  throw error;
}

export function statusOfErrno(name: string): BlockStatus {
  return name === 'ENOSPC' || name === 'EDQUOT' || name === 'EFBIG' ? 'no-space' : 'failed';
}

/** A request on its way as several transfers: done when the last of them is. */
export class Job {
  request: BlockRequest | undefined;
  private pending = 0;
  private status: BlockStatus = 'ok';

  constructor(private readonly home: JobPool) {}

  /** One more part is under way. */
  begin(): void {
    this.pending++;
  }

  /** One part has ended; the first failure counts. */
  end(status: BlockStatus): void {
    if (status !== 'ok' && this.status === 'ok') this.status = status;
    if (--this.pending > 0) return;
    const request = this.request!;
    const result = this.status;
    this.request = undefined;
    this.status = 'ok';
    this.home.free.push(this);
    request.done(result);
  }
}

/** Keeps jobs for reuse, so that a request costs no garbage. */
export class JobPool {
  readonly free: Job[] = [];

  /** A job with one part begun, which whoever takes it ends after starting the others. */
  take(request: BlockRequest): Job {
    const job = this.free.pop() ?? new Job(this);
    job.request = request;
    job.begin();
    return job;
  }
}

/** Moves bytes between files and the memory of a job's request; each move is a part of the job. */
export interface Transfers extends Disposable {
  /** As `BlockBackend.completionFd`. */
  readonly completionFd: number;
  /** `length` bytes from `offset` of the file, into the request's memory after its first `skip` bytes. */
  read(file: ImageFile, offset: number, job: Job, skip: number, length: number): void;
  write(file: ImageFile, offset: number, job: Job, skip: number, length: number): void;
  sync(file: ImageFile, job: Job): void;
  reap(): void;
  plug(): void;
  unplug(): void;
  /** Returns when nothing is under way. */
  drain(): void;
}

/** Transfers that are over when the call returns. */
export class DirectTransfers implements Transfers {
  readonly completionFd = -1;

  read(file: ImageFile, offset: number, job: Job, skip: number, length: number): void {
    job.begin();
    let status: BlockStatus = 'ok';
    try {
      file.readInto(job.request!.pieces, skip, length, offset);
    } catch (error) {
      status = statusOf(error);
    }
    job.end(status);
  }

  write(file: ImageFile, offset: number, job: Job, skip: number, length: number): void {
    job.begin();
    let status: BlockStatus = 'ok';
    try {
      file.writeFrom(job.request!.pieces, skip, length, offset);
    } catch (error) {
      status = statusOf(error);
    }
    job.end(status);
  }

  sync(file: ImageFile, job: Job): void {
    job.begin();
    let status: BlockStatus = 'ok';
    try {
      file.sync();
    } catch (error) {
      status = statusOf(error);
    }
    job.end(status);
  }

  reap(): void {}
  plug(): void {}
  unplug(): void {}
  drain(): void {}
  dispose(): void {}
}
