import { systemClock } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import { Emitter } from '../../base/emitter.ts';
import { asFailure, Failure } from '../../base/failure.ts';
import { Arena } from '../../base/shared-struct.ts';
import type { BootImage } from '../../boot/boot-image.ts';
import type { Vm } from '../../hypervisor/hypervisor.ts';
import { TimerKeeper } from '../interrupts/timer-keeper.ts';
import { VcpuControl } from '../vcpu/vcpu-control.ts';
import { type VcpuStopped, VcpuThreads } from '../vcpu/vcpu-threads.ts';
import type { VcpuWorkerPool } from '../vcpu/vcpu-worker-pool.ts';
import { type Board, type BoardOptions, buildBoard } from './board.ts';
import { MACHINE_EVENT } from './machine-events.ts';
import type { StartupTimes } from './startup-times.ts';

/** A guest that triple-faults this often, each time this soon after its start, will not stop doing so. */
const TRIPLE_FAULT_LIMIT = 5;
const TRIPLE_FAULT_SOON_MS = 1000;

export type MachineState = 'running' | 'paused' | 'stopping' | 'internal-error' | 'guest-panicked' | 'off';

/** Why a machine went off, in QMP's words (qapi/run-state.json, ShutdownCause). */
export type OffCause = 'guest-shutdown' | 'host-qmp-quit' | 'host-signal' | 'host-error';

export type MachineEvent =
  | { readonly kind: 'state'; readonly state: MachineState; readonly from: MachineState }
  | { readonly kind: 'reset'; readonly guest: boolean }
  | { readonly kind: 'power-button' }
  | { readonly kind: 'panicked' }
  | { readonly kind: 'off'; readonly cause: OffCause; readonly failure?: Failure; readonly exitCode?: number };

export interface MachineOptions {
  readonly name: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly image: BootImage;
  readonly board: BoardOptions;
  readonly workers: VcpuWorkerPool;
  readonly createVm: (arena: Arena) => Vm;
  readonly times: StartupTimes;
}

/**
 * One virtual machine put together: the accelerator's VM, the board of chips, the vCPU threads. Lives on the VM host's
 * main thread; orders from any number of visitors are carried out one after another.
 */
export class Machine implements Disposable {
  readonly events = new Emitter<MachineEvent>();
  readonly board: Board;
  readonly vm: Vm;
  readonly threads: VcpuThreads;
  private readonly timers: TimerKeeper;
  private order: Promise<unknown> = Promise.resolve();
  private now: MachineState = 'paused';
  /** Where `resume` leads back to. */
  private pausedFrom: MachineState = 'running';
  /** Triple faults in a row, each soon after the guest's start. */
  private earlyFaults = 0;
  private guestStartedMs = 0;
  /** What the accelerator could not go on with, when the state is `internal-error`. */
  internalError: string | undefined;

  constructor(private readonly options: MachineOptions) {
    const arena = Arena.build();
    placeVcpus(arena, options.cpus);
    const vm = options.createVm(arena);
    this.vm = vm;
    const setIrq = (gsi: number, level: boolean): void => vm.setIrq(gsi, level);
    this.board = buildBoard({ arena, options: options.board, setIrq, clock: vm.clock });
    options.times.mark('create-vm');
    this.threads = new VcpuThreads(this.vm, options.workers, arena.seed, options.cpus);
    this.timers = new TimerKeeper(this.board.timers, vm.clock);
    this.threads.stopped.on((stopped) => this.vcpuStopped(stopped));
    this.threads.failed.on((failure) => this.end('host-error', failure));
  }

  get state(): MachineState {
    return this.now;
  }

  /** Loads the guest and starts it; settles once it runs. */
  start(): Promise<void> {
    return this.inTurn(async () => {
      const { image, board, times } = this.options;
      const threads = this.threads.start(board);
      await Promise.all([threads, Promise.resolve(this.vm.load(image)).then(() => times.mark('load-guest'))]);
      times.mark('vcpu-threads');
      void this.listen();
      this.timers.update();
      await this.startGuest();
      times.mark('first-entry');
    });
  }

  /** Throws a `state` failure when the guest cannot run; does nothing when it stands still already. */
  pause(): Promise<void> {
    return this.inTurn(async () => {
      if (this.now === 'paused') return;
      this.require('pause', ['running', 'stopping', 'guest-panicked']);
      await this.threads.pause();
      this.vm.stopTime();
      this.pausedFrom = this.now;
      this.enter('paused');
    });
  }

  /** Throws a `state` failure when the guest cannot go on; does nothing when it runs already. */
  resume(): Promise<void> {
    return this.inTurn(async () => {
      if (this.now === 'running' || this.now === 'stopping') return;
      this.require('resume', ['paused']);
      this.vm.resumeTime();
      await this.threads.resume();
      this.enter(this.pausedFrom);
    });
  }

  /** Back to power-on and the guest's first instruction; a paused machine stays paused, at its start. */
  reset(guest: boolean): Promise<void> {
    return this.inTurn(async () => {
      await this.startOver(guest);
    });
  }

  /** Presses the ACPI power button; what follows is the guest's affair. */
  pressPowerButton(): Promise<void> {
    return this.inTurn(async () => {
      this.require('press the power button', ['running', 'stopping']);
      this.board.pressPowerButton();
      this.events.fire({ kind: 'power-button' });
      this.enter('stopping');
    });
  }

  /** Ends the machine at once, whatever it is doing. Announced by an `off` event. */
  powerOff(cause: OffCause): Promise<void> {
    return this.inTurn(async () => this.end(cause));
  }

  /** Ends the vCPU threads and gives everything back. */
  async close(): Promise<void> {
    this.timers.dispose();
    await this.threads.stop();
    this.dispose();
  }

  dispose(): void {
    this.vm.dispose();
    this.options.image.dispose();
  }

  private async startOver(guest: boolean): Promise<void> {
    await this.threads.pause();
    await this.vm.reset();
    this.board.reset();
    this.threads.startOver();
    await this.vm.load(this.options.image);
    this.internalError = undefined;
    this.pausedFrom = 'running';
    this.events.fire({ kind: 'reset', guest });
    if (this.now !== 'paused') await this.startGuest();
  }

  private async startGuest(): Promise<void> {
    this.guestStartedMs = systemClock.monotonicMs();
    await this.threads.resume();
    this.enter('running');
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.order.then(() => {
      if (this.now === 'off') throw new Failure('state', 'machine-off', `machine ${this.options.name}: it is off`);
      return action();
    });
    this.order = turn.catch(() => {});
    return turn;
  }

  private require(what: string, from: readonly MachineState[]): void {
    if (from.includes(this.now)) return;
    throw new Failure('state', 'wrong-state', `machine ${this.options.name}: cannot ${what}: it is ${this.now}`);
  }

  private enter(state: MachineState): void {
    const from = this.now;
    if (from === state) return;
    this.now = state;
    this.events.fire({ kind: 'state', state, from });
  }

  private end(cause: OffCause, failure?: Failure, exitCode?: number): void {
    if (this.now === 'off') return;
    this.enter('off');
    this.events.fire({
      kind: 'off',
      cause,
      ...(failure === undefined ? {} : { failure }),
      ...(exitCode === undefined ? {} : { exitCode }),
    });
  }

  /** Carries out what chips ask for, as long as the machine is on. */
  private async listen(): Promise<void> {
    while (this.now !== 'off') {
      const { bits, value } = await this.board.events.take();
      if (bits & MACHINE_EVENT.timers) this.timers.update();
      if (bits & MACHINE_EVENT.panicked) await this.panicked();
      if (bits & MACHINE_EVENT.debugExit) this.end('guest-shutdown', undefined, (value << 1) | 1);
      if (bits & MACHINE_EVENT.powerOff) this.end('guest-shutdown');
      else if (bits & MACHINE_EVENT.reset)
        await this.reset(true).catch((error) => this.end('host-error', asFailure(error)));
    }
  }

  private panicked(): Promise<void> {
    return this.inTurn(async () => {
      this.events.fire({ kind: 'panicked' });
      if (this.now === 'running' || this.now === 'stopping') this.enter('guest-panicked');
    }).catch(() => {});
  }

  private vcpuStopped(stopped: VcpuStopped): void {
    const { index, stop } = stopped;
    void this.inTurn(async () => {
      if (!this.threads.isCurrent(stopped)) return;
      if (stop.kind === 'internal-error') await this.giveUp(`vCPU ${index}: ${stop.detail}`);
      if (stop.kind === 'triple-fault') await this.tripleFaulted();
    }).catch((error) => this.end('host-error', asFailure(error)));
  }

  /** A PC answers with a reset (SDM 3A §6.15, #DF); one that goes on like that stays where it is. */
  private async tripleFaulted(): Promise<void> {
    const early = systemClock.monotonicMs() - this.guestStartedMs < TRIPLE_FAULT_SOON_MS;
    this.earlyFaults = early ? this.earlyFaults + 1 : 0;
    if (this.earlyFaults < TRIPLE_FAULT_LIMIT) return this.startOver(true);
    this.earlyFaults = 0;
    await this.giveUp(`the guest triple-faulted ${TRIPLE_FAULT_LIMIT} times in a row, soon after each start`);
  }

  /** The guest cannot go on: it stays as it is, to be looked at, reset or switched off. */
  private async giveUp(reason: string): Promise<void> {
    await this.threads.pause();
    this.internalError = reason;
    this.enter('internal-error');
  }
}

function placeVcpus(arena: Arena, cpus: number): void {
  for (let index = 0; index < cpus; index++) arena.place(VcpuControl, `vcpu${index}`);
}
