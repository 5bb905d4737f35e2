import type { Worker } from 'node:worker_threads';
import { Emitter } from '../../base/emitter.ts';
import { Failure, type FailureRecord, reviveFailure } from '../../base/failure.ts';
import { Arena, type ArenaSeed } from '../../base/shared-struct.ts';
import type { VcpuSeed, VcpuStop, Vm } from '../../hypervisor/hypervisor.ts';
import type { BoardOptions } from '../machine/board.ts';
import { REQUEST, SIGNAL, VCPU, VcpuControl } from './vcpu-control.ts';
import type { VcpuWorkerPool } from './vcpu-worker-pool.ts';

/** How long between two kicks of a vCPU that has not yet answered. */
const KICK_AGAIN_MS = 20;
/** A vCPU that has not answered by then never will: the accelerator is stuck. */
const ANSWER_LIMIT_MS = 10_000;

/** For each vCPU thread to load its code, where many share few processors. */
const START_LIMIT_MS = 10_000;

/** What a waiting worker is sent to become a vCPU. */
export interface VcpuAssignment {
  readonly seed: VcpuSeed;
  readonly board: BoardOptions;
  /** The host CPUs the thread may run on; undefined for any. */
  readonly hostCpus: readonly number[] | undefined;
}

/** What a vCPU worker tells the main thread. */
export type VcpuMessage =
  | { readonly stop: VcpuStop; readonly generation: number }
  | { readonly failure: FailureRecord };

function rejection(): { promise: Promise<never>; reject: (failure: Failure) => void } {
  let reject: (failure: Failure) => void = () => {};
  const promise = new Promise<never>((_, fail) => {
    reject = fail;
  });
  promise.catch(() => {});
  return { promise, reject };
}

export interface VcpuStopped {
  readonly index: number;
  readonly stop: VcpuStop;
  readonly generation: number;
}

/** The vCPU threads of one machine, ordered about through their control words in the arena. */
export class VcpuThreads {
  /** A vCPU left its loop by itself; it waits, paused, for what the machine decides. */
  readonly stopped = new Emitter<VcpuStopped>();
  readonly failed = new Emitter<Failure>();
  private readonly workers: Worker[] = [];
  private readonly controls: VcpuControl[];

  constructor(
    private readonly vm: Vm,
    private readonly pool: VcpuWorkerPool,
    arena: ArenaSeed,
    cpus: number,
    private readonly pinning: ReadonlyMap<number, readonly number[]> = new Map(),
  ) {
    const attached = Arena.attach(arena);
    this.controls = Array.from({ length: cpus }, (_, index) => attached.place(VcpuControl, `vcpu${index}`));
  }

  /** Gives the threads their vCPUs; they come up paused. */
  async start(board: BoardOptions): Promise<void> {
    this.order(REQUEST.pause);
    for (const [index] of this.controls.entries()) this.startThread(index, board);
    const failed = rejection();
    const listening = this.failed.on((failure) => failed.reject(failure));
    try {
      await Promise.race([this.reach(VCPU.paused, START_LIMIT_MS * this.controls.length), failed.promise]);
    } finally {
      listening.dispose();
    }
  }

  resume(): Promise<void> {
    this.order(REQUEST.run);
    return this.reach(VCPU.running);
  }

  /** The vCPUs, paused, have been reset: what they told of before no longer counts. */
  startOver(): void {
    for (const control of this.controls) control.generation++;
  }

  /** Whether what a vCPU told happened since the last reset. */
  isCurrent({ index, generation }: VcpuStopped): boolean {
    return this.controls[index]!.generation === generation;
  }

  /** Settles once every vCPU stands still between two instructions. */
  pause(): Promise<void> {
    this.order(REQUEST.pause);
    return this.reach(VCPU.paused);
  }

  /** Ends the threads. */
  async stop(): Promise<void> {
    this.order(REQUEST.stop);
    await this.reach(VCPU.stopped);
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  /** The control structs, for status and statistics. */
  get state(): readonly VcpuControl[] {
    return this.controls;
  }

  private startThread(index: number, board: BoardOptions): void {
    const seed = this.vm.vcpuSeed(index);
    const worker = this.pool.take();
    worker.on('message', (message: VcpuMessage) => {
      if ('failure' in message) this.lose(index, reviveFailure(message.failure));
      else this.stopped.fire({ index, ...message });
    });
    worker.on('error', (error) => {
      const message = `vCPU ${index}: its thread ended: ${error.message}`;
      this.lose(index, new Failure('failed', 'vcpu-thread-ended', message));
    });
    const assignment: VcpuAssignment = { seed, board, hostCpus: this.pinning.get(index) };
    worker.postMessage(assignment, seed.accelerator === 'translated' ? [seed.orders] : []);
    this.workers.push(worker);
  }

  /** A thread that failed answers no more orders. */
  private lose(index: number, failure: Failure): void {
    const { signals } = this.controls[index]!;
    Atomics.store(signals, SIGNAL.state, VCPU.stopped);
    Atomics.notify(signals, SIGNAL.state);
    this.failed.fire(failure);
  }

  private order(request: number): void {
    for (const [index, { signals }] of this.controls.entries()) {
      Atomics.store(signals, SIGNAL.request, request);
      Atomics.notify(signals, SIGNAL.request);
      if (this.workers.length > index && request !== REQUEST.run) this.vm.kick(index);
    }
  }

  /** Waits until every vCPU is in `state`, kicking those that should leave the guest for it. */
  private async reach(state: number, limitMs = ANSWER_LIMIT_MS): Promise<void> {
    await Promise.all(
      this.controls.map(async ({ signals }, index) => {
        const giveUpAt = performance.now() + limitMs;
        for (;;) {
          const now = Atomics.load(signals, SIGNAL.state);
          if (now === state || now === VCPU.stopped) return;
          if (state === VCPU.running && hasHalted(signals)) return;
          if (performance.now() > giveUpAt) throw new Failure('failed', 'vcpu-stuck', `vCPU ${index} does not answer`);
          const wait = Atomics.waitAsync(signals, SIGNAL.state, now, KICK_AGAIN_MS);
          if (wait.async && (await wait.value) === 'timed-out' && state !== VCPU.running) this.vm.kick(index);
        }
      }),
    );
  }
}

/** A vCPU that was ordered to run and has halted itself since: it ran. */
function hasHalted(signals: Int32Array): boolean {
  return Atomics.load(signals, SIGNAL.request) !== REQUEST.run;
}
