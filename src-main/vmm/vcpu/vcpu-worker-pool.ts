import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Disposable } from '../../base/disposable.ts';

/**
 * Worker threads that wait to become vCPUs. Starting a thread's JavaScript takes longer than making a machine, so the
 * first is started with the process and gets ready meanwhile.
 */
export class VcpuWorkerPool implements Disposable {
  private readonly waiting: Worker[] = [];

  constructor(private readonly workerFile: URL) {
    this.waiting.push(this.startWorker());
  }

  /** A worker that has been given no vCPU yet; it is the caller's from now on. */
  take(): Worker {
    return this.waiting.pop() ?? this.startWorker();
  }

  /** Ends the workers nobody took. */
  dispose(): void {
    for (const worker of this.waiting.splice(0)) void worker.terminate();
  }

  private startWorker(): Worker {
    return new Worker(this.workerFile, { env: SHARE_ENV, trackUnmanagedFds: false });
  }
}
