import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { asFailure, InvariantError } from '../../base/failure.ts';
import type { Arena } from '../../base/shared-struct.ts';
import type { IoBus } from '../../vmm/bus/io-bus.ts';
import { REQUEST, SIGNAL, VCPU, type VcpuControl } from '../../vmm/vcpu/vcpu-control.ts';
import type { TranslatedVcpuSeed, VcpuStop } from '../hypervisor.ts';
import { stopOf } from './fault.ts';
import { FIRST_LOAD, type LoadPlan, type Order, type Report } from './load-plan.ts';
import { TranslatedMachine } from './translated-machine.ts';
import { LINE, sleepUnlessReadable } from './translated-state.ts';

export interface TranslatedVcpuEnvironment {
  readonly seed: TranslatedVcpuSeed;
  readonly arena: Arena;
  /** Placed as `vcpu0`. */
  readonly control: VcpuControl;
  readonly ports: IoBus;
  readonly mmio: IoBus;
  /** The queues of devices, which are served between slices of guest code. */
  readonly queues?: QueueService | undefined;
}

/** Serves virtqueues in the engine's thread, where guest RAM is. */
export interface QueueService {
  /** Whether any queue wants to be served. Cheap. */
  readonly wanted: boolean;
  /** Readable when one may want to be; negative when none waits for anything. */
  readonly waitFd: number;
  /** Serves them in RAM that is, for the duration of this call, `ram`; what was written there is told by `wrote`. */
  serve(ram: Uint8Array, wrote: (gpa: number, length: number) => void): void;
}

/** How long the thread lets its event loop wait, ms: the bound on everything that does not wake it. */
const LOOP_TURN_MS = 10;
const PAUSED_TURN_MS = 20;
const LONGEST_IDLE_MS = 100;

/**
 * Runs the machine's one vCPU in this thread until it is asked to stop or cannot go on. May be called again after it
 * settled: the machine then starts from its next load.
 */
export async function runTranslatedVcpu(environment: TranslatedVcpuEnvironment): Promise<VcpuStop> {
  const vcpu = new TranslatedVcpu(environment);
  try {
    return await vcpu.run();
  } finally {
    vcpu.dispose();
  }
}

class TranslatedVcpu {
  private readonly control: VcpuControl;
  private readonly orders: MessagePort;
  private readonly machine: TranslatedMachine;
  private loaded = false;

  private readonly queues: QueueService | undefined;

  constructor({ seed, arena, control, ports, mmio, queues }: TranslatedVcpuEnvironment) {
    this.control = control;
    this.queues = queues;
    this.orders = seed.orders;
    this.machine = new TranslatedMachine(arena, seed.memoryBytes, control, ports, mmio);
    this.orders.ref();
  }

  dispose(): void {
    this.orders.unref();
    this.machine.dispose();
  }

  async run(): Promise<VcpuStop> {
    for (;;) {
      const request = Atomics.load(this.control.signals, SIGNAL.request);
      if (request === REQUEST.stop) return this.end({ kind: 'stopped' }, VCPU.stopped);
      if (request === REQUEST.pause || !this.loaded) {
        const failed = this.takeOrders();
        if (failed !== undefined) return this.end(failed, VCPU.paused);
        await this.standStill(request === REQUEST.pause ? VCPU.paused : VCPU.starting);
        continue;
      }
      const stop = this.runTurn();
      if (stop !== undefined) return this.end(stop, VCPU.paused);
      await turnOfEventLoop();
    }
  }

  /** Runs the guest until the event loop is due or there is something else to do. */
  private runTurn(): VcpuStop | undefined {
    const { control, machine } = this;
    if (control.firstEntryMs === 0) control.firstEntryMs = performance.timeOrigin + performance.now();
    machine.resume();
    this.enterState(VCPU.running);
    const until = performance.now() + LOOP_TURN_MS;
    try {
      while (Atomics.load(control.signals, SIGNAL.request) === REQUEST.run && performance.now() < until) {
        const seen = Atomics.load(machine.state.signals, LINE.wake);
        const idleMs = machine.runSlice();
        if (this.queues?.wanted) {
          machine.serve(this.queues);
          continue;
        }
        if (idleMs > 0) this.sleep(seen, Math.min(idleMs, LONGEST_IDLE_MS));
      }
    } catch (error) {
      this.loaded = false;
      return stopOf(error, machine.engine);
    }
    return undefined;
  }

  private sleep(seen: number, ms: number): void {
    const { state } = this.machine;
    const { waitFd = -1 } = this.queues ?? {};
    if (waitFd < 0) Atomics.wait(state.signals, LINE.wake, seen, ms);
    else sleepUnlessReadable(state, seen, waitFd, ms);
  }

  private async standStill(state: number): Promise<void> {
    const { control, machine } = this;
    const seen = Atomics.load(machine.state.signals, LINE.wake);
    machine.suspend();
    this.enterState(state);
    await Promise.race([
      changeOf(control.signals, SIGNAL.request, Atomics.load(control.signals, SIGNAL.request)),
      changeOf(machine.state.signals, LINE.wake, seen),
    ]);
  }

  /** Carries out what the main thread ordered; a stop where it cannot be told of a failure. */
  private takeOrders(): VcpuStop | undefined {
    for (;;) {
      const received = receiveMessageOnPort(this.orders);
      if (received === undefined) return undefined;
      const order = received.message as Order;
      try {
        if (order.kind === 'load') this.load(order.plan);
        else this.powerOn();
        this.report({ id: order.id });
      } catch (error) {
        if (error instanceof InvariantError) throw error;
        this.loaded = false;
        const failure = asFailure(error);
        if (order.id === FIRST_LOAD) return { kind: 'internal-error', detail: failure.message };
        this.report({ id: order.id, failure: failure.toJSON() });
      }
    }
  }

  private end(stop: VcpuStop, state: number): VcpuStop {
    this.machine.suspend();
    this.enterState(state);
    return stop;
  }

  private load(plan: LoadPlan): void {
    this.machine.load(plan);
    this.loaded = true;
  }

  private powerOn(): void {
    this.machine.powerOn();
    this.loaded = false;
  }

  private enterState(state: number): void {
    const { signals } = this.control;
    if (Atomics.load(signals, SIGNAL.state) === state) return;
    Atomics.store(signals, SIGNAL.state, state);
    Atomics.notify(signals, SIGNAL.state);
  }

  private report(report: Report): void {
    this.orders.postMessage(report);
  }
}

/** Settles when the word is no longer `value` and its changer says so, or after a while. */
async function changeOf(words: Int32Array, index: number, value: number): Promise<void> {
  const wait = Atomics.waitAsync(words as Int32Array<SharedArrayBuffer>, index, value, PAUSED_TURN_MS);
  if (wait.async) await wait.value;
}

function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
