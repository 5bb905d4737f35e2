import { pathToFileURL } from 'node:url';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { builtProgram } from '../../base/built-program.ts';
import type { Disposable } from '../../base/disposable.ts';
import { Failure, reviveFailure } from '../../base/failure.ts';
import type { JobResults, LayerJob, LayerOrder, LayerReport } from './layer-jobs.ts';

export interface JobWatch {
  readonly signal?: AbortSignal | undefined;
  readonly progress?: (bytes: number) => void;
  /** Settles when it has room for more. */
  readonly chunk?: (bytes: Uint8Array<ArrayBuffer>) => Promise<void>;
}

/** A thread keeps copies of the mounts of its start, so that it must not linger; a pull's layers follow in less. */
const IDLE_MS = 1000;

/** Threads that do layer jobs. One is kept for a moment after its job: the next layer follows soon. */
export class LayerWorkers implements Disposable {
  private readonly idle = new Map<Worker, NodeJS.Timeout>();
  private readonly busy = new Set<Worker>();

  constructor(private readonly file: URL = pathToFileURL(builtProgram('layer-worker.js'))) {}

  /** Runs a job to its end; aborting ends its thread, and leaves what it had begun to whoever tidies up. */
  async run<J extends LayerJob>(job: J, watch: JobWatch = {}): Promise<JobResults[J['kind']]> {
    watch.signal?.throwIfAborted();
    const worker = this.take();
    let reusable = false;
    try {
      const result = await perform(worker, job, watch);
      reusable = true;
      return result as JobResults[J['kind']];
    } finally {
      this.busy.delete(worker);
      if (reusable) this.keep(worker);
      else await worker.terminate();
    }
  }

  dispose(): void {
    for (const [worker, timer] of this.idle) {
      clearTimeout(timer);
      void worker.terminate();
    }
    this.idle.clear();
    for (const worker of this.busy) void worker.terminate();
  }

  private take(): Worker {
    const [kept] = this.idle;
    if (kept) {
      clearTimeout(kept[1]);
      this.idle.delete(kept[0]);
    }
    const worker = kept?.[0] ?? new Worker(this.file, { env: SHARE_ENV, trackUnmanagedFds: false });
    worker.ref();
    this.busy.add(worker);
    return worker;
  }

  private keep(worker: Worker): void {
    const timer = setTimeout(() => {
      this.idle.delete(worker);
      void worker.terminate();
    }, IDLE_MS);
    timer.unref();
    worker.unref();
    this.idle.set(worker, timer);
  }
}

function perform(worker: Worker, job: LayerJob, { signal, progress, chunk }: JobWatch): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const order = (message: LayerOrder): void => worker.postMessage(message);
    const onReport = (report: LayerReport): void => {
      if (report.kind === 'progress') progress?.(report.bytes);
      else if (report.kind === 'chunk') chunk?.(report.bytes).then(() => order({ kind: 'more' }), finish(reject));
      else if (report.kind === 'done') finish(resolve)(report.result);
      else finish(reject)(reviveFailure(report.failure));
    };
    const onError = (error: unknown): void => finish(reject)(error);
    const onExit = (): void => finish(reject)(new Failure('failed', 'layer-worker-ended', 'layer: its thread ended'));
    const onAbort = (): void => finish(reject)(signal?.reason);
    const finish =
      <T>(settle: (value: T) => void) =>
      (value: T): void => {
        worker.off('message', onReport).off('error', onError).off('exit', onExit);
        signal?.removeEventListener('abort', onAbort);
        settle(value);
      };
    worker.on('message', onReport).on('error', onError).on('exit', onExit);
    signal?.addEventListener('abort', onAbort, { once: true });
    order({ kind: 'start', job });
  });
}
