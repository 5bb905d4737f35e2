import { systemClock } from '../../base/clock.ts';
import type { Disposable } from '../../base/disposable.ts';
import { Emitter } from '../../base/emitter.ts';
import { asFailure, Failure, invariant } from '../../base/failure.ts';
import { Arena } from '../../base/shared-struct.ts';
import type { BootImage } from '../../boot/boot-image.ts';
import { placeBalloon } from '../../devices/virtio/balloon/balloon-state.ts';
import { placeConsole } from '../../devices/virtio/console/console-state.ts';
import type { VirtioSpecification } from '../../devices/virtio/specification.ts';
import type { Vm } from '../../hypervisor/hypervisor.ts';
import type { CdDrive } from '../../storage/removable/cd-drive.ts';
import { TimerKeeper } from '../interrupts/timer-keeper.ts';
import { IoThread } from '../io/io-thread.ts';
import { VcpuControl } from '../vcpu/vcpu-control.ts';
import { type VcpuStopped, VcpuThreads } from '../vcpu/vcpu-threads.ts';
import type { VcpuWorkerPool } from '../vcpu/vcpu-worker-pool.ts';
import { Balloon } from './balloon.ts';
import { type Board, type BoardOptions, buildBoard } from './board.ts';
import { ConsolePorts } from './console-ports.ts';
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
  /** The guest says it has so much memory now. */
  | { readonly kind: 'balloon'; readonly bytes: number }
  /** The CD drive's tray has moved. */
  | { readonly kind: 'tray'; readonly open: boolean }
  | { readonly kind: 'off'; readonly cause: OffCause; readonly failure?: Failure; readonly exitCode?: number };

export interface MachineOptions {
  readonly name: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly image: BootImage;
  readonly board: BoardOptions;
  readonly workers: VcpuWorkerPool;
  /** By vCPU, the host CPUs it may run on. */
  readonly pinning?: ReadonlyMap<number, readonly number[]>;
  readonly ioWorker: URL;
  /** Its CD drive, where it has one. */
  readonly drive?: CdDrive;
  readonly createVm: (arena: Arena) => Vm;
  readonly times: StartupTimes;
}

/**
 * One virtual machine put together: the accelerator's VM, the board of chips, the vCPU threads. Lives on the VM host's
 * main thread; orders from any number of visitors are carried out one after another.
 */
export class Machine implements Disposable {
  readonly events = new Emitter<MachineEvent>();
  readonly arena = Arena.build();
  readonly board: Board;
  readonly vm: Vm;
  readonly threads: VcpuThreads;
  /** Serves the virtqueues; undefined where there are none, or vCPU 0's thread does. */
  private readonly io: IoThread | undefined;
  /** Undefined where the machine has none. */
  readonly balloon: Balloon | undefined;
  /** Undefined where the machine has no virtio console. */
  readonly consolePorts: ConsolePorts | undefined;
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

  constructor(readonly options: MachineOptions) {
    const { arena } = this;
    placeVcpus(arena, options.cpus);
    const vm = options.createVm(arena);
    this.vm = vm;
    const setIrq = (gsi: number, level: boolean): void => vm.setIrq(gsi, level);
    const { clock, message, doorbells } = vm;
    this.board = buildBoard({ arena, options: options.board, setIrq, clock, message, doorbells });
    const virtio = options.board.virtio ?? [];
    this.balloon = this.findBalloon(virtio);
    this.consolePorts = this.findConsole(virtio);
    const seed = vm.ioSeed();
    if (seed !== undefined && virtio.length > 0) {
      this.io = new IoThread(options.ioWorker, { seed, virtio });
      this.io.failed.on((failure) => this.end('host-error', failure));
    }
    options.times.mark('create-vm');
    this.threads = new VcpuThreads(this.vm, options.workers, arena.seed, options.cpus, options.pinning);
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
      const io = this.io?.start();
      await Promise.all([threads, io, Promise.resolve(this.vm.load(image)).then(() => times.mark('load-guest'))]);
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
      this.require('pause', ['running', 'stopping', 'guest-panicked'], 'paused');
      await this.threads.pause();
      await this.io?.pause();
      this.vm.stopTime();
      this.pausedFrom = this.now;
      this.enter('paused');
    });
  }

  /** Throws a `state` failure when the guest cannot go on; does nothing when it runs already. */
  resume(): Promise<void> {
    return this.inTurn(async () => {
      if (this.now === 'running' || this.now === 'stopping') return;
      this.require('resume', ['paused'], 'running');
      this.vm.resumeTime();
      await this.io?.resume();
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
      this.require('press the power button', ['running', 'stopping'], 'stopping');
      this.board.pressPowerButton();
      this.events.fire({ kind: 'power-button' });
      this.enter('stopping');
    });
  }

  /**
   * Puts the ISO image `medium` into the CD drive, or takes out what is there. Settles once the guest's side has it, or,
   * while that stands still, at once: it finds it as it goes on. Throws what cannot be opened.
   */
  changeMedium(medium: string | undefined): Promise<void> {
    return this.inTurn(async () => {
      const { drive } = this.options;
      invariant(drive !== undefined, 'a medium for a machine without a CD drive');
      const closed = drive.medium !== undefined;
      drive.insert(medium);
      if (this.now !== 'paused' && this.now !== 'internal-error') await drive.settled();
      if (closed) this.events.fire({ kind: 'tray', open: true });
      if (medium !== undefined) this.events.fire({ kind: 'tray', open: false });
    });
  }

  /** Ends the machine at once, whatever it is doing. Announced by an `off` event. */
  powerOff(cause: OffCause): Promise<void> {
    return this.inTurn(async () => this.end(cause));
  }

  /** Ends the vCPU threads and gives everything back, once what was being carried out when it went off is done. */
  async close(): Promise<void> {
    this.timers.dispose();
    await this.order;
    await this.threads.stop();
    await this.io?.stop();
    this.dispose();
  }

  dispose(): void {
    this.io?.dispose();
    this.vm.dispose();
    this.options.image.dispose();
  }

  private async startOver(guest: boolean): Promise<void> {
    await this.threads.pause();
    await this.io?.pause();
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
    await this.io?.resume();
    await this.threads.resume();
    this.enter('running');
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.order.then(() => {
      if (this.now === 'off') throw new Failure('state', 'machine-off', 'it is off');
      return action();
    });
    this.order = turn.catch(() => {});
    return turn;
  }

  private require(what: string, allowed: readonly MachineState[], to: MachineState): void {
    const from = this.now;
    if (allowed.includes(from)) return;
    throw new Failure('state', 'wrong-state', `cannot ${what}: it is ${from} (${from} → ${to})`, {
      facts: { from, to },
    });
  }

  private enter(state: MachineState): void {
    const from = this.now;
    if (from === state || from === 'off') return;
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
      if (bits & MACHINE_EVENT.balloon && this.balloon)
        this.events.fire({ kind: 'balloon', bytes: this.balloon.actual });
      if (bits & MACHINE_EVENT.debugExit) this.end('guest-shutdown', undefined, (value << 1) | 1);
      if (bits & MACHINE_EVENT.powerOff) this.end('guest-shutdown');
      else if (bits & MACHINE_EVENT.reset)
        await this.reset(true).catch((error) => this.end('host-error', asFailure(error)));
    }
  }

  private findBalloon(virtio: readonly VirtioSpecification[]): Balloon | undefined {
    const device = virtio.findIndex(({ kind }) => kind === 'balloon');
    if (device < 0) return undefined;
    const { memoryBytes } = this.options;
    const state = placeBalloon(this.arena, virtio[device]!.name);
    return new Balloon(this.board.virtio[device]!, state, memoryBytes, (queue) =>
      this.vm.doorbells.notify(device, queue),
    );
  }

  private findConsole(virtio: readonly VirtioSpecification[]): ConsolePorts | undefined {
    const device = virtio.findIndex(({ kind }) => kind === 'console');
    const found = virtio[device];
    if (found?.kind !== 'console') return undefined;
    const placed = placeConsole(this.arena, found.name, found.ports.length);
    return new ConsolePorts(this.board.virtio[device]!, placed, (queue) => this.vm.doorbells.notify(device, queue));
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
    await this.io?.pause();
    this.internalError = reason;
    this.enter('internal-error');
  }
}

function placeVcpus(arena: Arena, cpus: number): void {
  for (let index = 0; index < cpus; index++) arena.place(VcpuControl, `vcpu${index}`);
}
