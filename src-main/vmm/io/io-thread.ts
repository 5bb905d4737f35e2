import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { Disposable } from '../../base/disposable.ts';
import { Emitter } from '../../base/emitter.ts';
import { Failure, type FailureRecord, reviveFailure } from '../../base/failure.ts';
import { Arena } from '../../base/shared-struct.ts';
import type { VirtioSpecification } from '../../devices/virtio/specification.ts';
import type { IoSeed } from '../../hypervisor/hypervisor.ts';
import { EventFd } from '../../linux/event-fd.ts';
import { IO, IoSignals } from '../interrupts/doorbells.ts';
import { IO_REQUEST, IO_STATE } from './io-loop.ts';

/** What the I/O worker is sent to begin with. */
export interface IoAssignment {
  readonly seed: IoSeed;
  readonly virtio: readonly VirtioSpecification[];
}

/** What the I/O worker tells the main thread. */
export type IoMessage = { readonly ready: true } | { readonly failure: FailureRecord };

/** A storage that answers no more keeps a machine from pausing; after this long that is said. */
const ANSWER_LIMIT_MS = 30_000;

/** The thread that serves a machine's virtqueues, ordered about through its words in the arena. */
export class IoThread implements Disposable {
  readonly failed = new Emitter<Failure>();
  private readonly worker: Worker;
  private readonly words: Int32Array;
  private readonly control: EventFd;
  private lost = false;

  constructor(
    workerFile: URL,
    private readonly assignment: IoAssignment,
  ) {
    const { arena, doorbells } = assignment.seed;
    this.words = Arena.attach(arena).place(IoSignals, 'io-signals').words;
    this.control = new EventFd(doorbells.control, 'I/O thread');
    Atomics.store(this.words, IO.request, IO_REQUEST.pause);
    this.worker = new Worker(workerFile, { env: SHARE_ENV, trackUnmanagedFds: false });
  }

  /** Opens the devices' back ends; the thread then stands still, ready. Throws what is wrong with one of them. */
  async start(): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => {
      this.worker.on('message', (message: IoMessage) => {
        if ('ready' in message) resolve();
        else this.lose(reviveFailure(message.failure), reject);
      });
      this.worker.on('error', (error) => {
        this.lose(new Failure('failed', 'io-thread-ended', `I/O thread: it ended: ${error.message}`), reject);
      });
    });
    this.worker.postMessage(this.assignment);
    await ready;
    await this.reach(IO_STATE.paused);
  }

  resume(): Promise<void> {
    return this.order(IO_REQUEST.run, IO_STATE.running);
  }

  /** Settles once nothing is under way and nothing new is begun. */
  pause(): Promise<void> {
    return this.order(IO_REQUEST.pause, IO_STATE.paused);
  }

  /** Finishes what is under way, closes the back ends and ends the thread. */
  async stop(): Promise<void> {
    await this.order(IO_REQUEST.stop, IO_STATE.stopped);
    await this.worker.terminate();
  }

  /** A thread that waits in the kernel ends only when it is told to. */
  dispose(): void {
    Atomics.store(this.words, IO.request, IO_REQUEST.stop);
    Atomics.notify(this.words, IO.request);
    this.control.signal();
    void this.worker.terminate();
  }

  private async order(request: number, state: number): Promise<void> {
    Atomics.store(this.words, IO.request, request);
    Atomics.notify(this.words, IO.request);
    this.control.signal();
    await this.reach(state);
  }

  private async reach(state: number): Promise<void> {
    const giveUpAt = performance.now() + ANSWER_LIMIT_MS;
    for (;;) {
      const now = Atomics.load(this.words, IO.state);
      if (now === state || this.lost) return;
      if (performance.now() > giveUpAt) throw new Failure('failed', 'io-stuck', 'I/O thread: a disk does not answer');
      const wait = Atomics.waitAsync(this.words as Int32Array<SharedArrayBuffer>, IO.state, now, 1000);
      if (wait.async) await wait.value;
    }
  }

  private lose(failure: Failure, reject: (failure: Failure) => void): void {
    this.lost = true;
    Atomics.store(this.words, IO.state, IO_STATE.stopped);
    Atomics.notify(this.words, IO.state);
    reject(failure);
    this.failed.fire(failure);
  }
}
