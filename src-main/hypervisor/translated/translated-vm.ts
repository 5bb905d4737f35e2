import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Clock } from '../../base/clock.ts';
import { invariant, reviveFailure } from '../../base/failure.ts';
import type { BootImage } from '../../boot/boot-image.ts';
import { EventFd } from '../../linux/event-fd.ts';
import type { Doorbells } from '../../vmm/interrupts/doorbells.ts';
import type { TranslatedVcpuSeed, Vm, VmOptions } from '../hypervisor.ts';
import { translatedDoorbells } from './doorbells.ts';
import { translatedIrqDriver } from './irq-driver.ts';
import { checkTranslatedLimits } from './limits.ts';
import { FIRST_LOAD, type LoadPlan, loadPlan, type Order, type Report } from './load-plan.ts';
import { guestClock, LINE, placeTranslatedState, type TranslatedState, wakeEngine } from './translated-state.ts';

type Unnumbered<T> = T extends { id: number } ? Omit<T, 'id'> : never;

interface Awaited {
  resolve(): void;
  reject(error: Error): void;
}

/**
 * A machine on the translating accelerator, from the VM host's main thread. RAM and CPU live in the vCPU's thread: what was
 * loaded while no such thread listens is kept, and given to the next one.
 */
export class TranslatedVm implements Vm {
  readonly accelerator = 'translated';
  readonly clock: Clock;
  readonly setIrq: (gsi: number, level: boolean) => void;
  readonly doorbells: Doorbells;
  /** v86's LAPIC takes no messages from outside: devices use INTx. */
  readonly message = undefined;

  private readonly state: TranslatedState;
  /** Ends the engine's sleep in poll(2). */
  private readonly alarm: EventFd;
  private plan: LoadPlan | undefined;
  private orders: MessagePort | undefined;
  private lastId = 0;
  private readonly awaited = new Map<number, Awaited>();

  constructor(private readonly options: VmOptions) {
    checkTranslatedLimits(options);
    this.state = placeTranslatedState(options.arena).state;
    this.alarm = EventFd.create('alarm');
    this.state.signals[LINE.alarm] = this.alarm.number;
    this.clock = guestClock(this.state);
    this.setIrq = translatedIrqDriver(options.arena);
    this.doorbells = translatedDoorbells(options.arena);
  }

  ioSeed(): undefined {
    return undefined;
  }

  /** For one thread; `orders` belongs into its transferList. A second call is for that thread's successor. */
  vcpuSeed(index: number): TranslatedVcpuSeed {
    invariant(index === 0, `translating accelerator: no vCPU ${index}`);
    this.hangUp();
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (report: Report) => this.take(report, port1));
    port1.on('close', () => this.orders === port1 && this.hangUp());
    port1.unref();
    this.orders = port1;
    if (this.plan !== undefined) port1.postMessage({ kind: 'load', id: FIRST_LOAD, plan: this.plan } satisfies Order);
    const { arena, memoryBytes } = this.options;
    return { accelerator: 'translated', index: 0, arena: arena.seed, memoryBytes, orders: port2 };
  }

  /** The image must stay open for as long as the machine may be started or reset. */
  async load(image: BootImage): Promise<void> {
    this.plan = loadPlan(image);
    await this.order({ kind: 'load', plan: this.plan });
  }

  async reset(): Promise<void> {
    await this.order({ kind: 'reset' });
  }

  /** The engine's clocks run only while it does. */
  stopTime(): void {}

  resumeTime(): void {}

  kick(_index: number): void {
    wakeEngine(this.state);
  }

  dispose(): void {
    this.hangUp();
    Atomics.store(this.state.signals, LINE.alarm, 0);
    this.alarm.dispose();
  }

  /** Settles when the engine's thread has done it; at once, when there is no such thread yet and it will do it at its start. */
  private order(order: Unnumbered<Order>): Promise<void> {
    const { orders } = this;
    if (orders === undefined) return Promise.resolve();
    const id = ++this.lastId;
    orders.postMessage({ ...order, id });
    wakeEngine(this.state);
    orders.ref();
    return new Promise((resolve, reject) => this.awaited.set(id, { resolve, reject }));
  }

  private take(report: Report, port: MessagePort): void {
    const awaited = this.awaited.get(report.id);
    this.awaited.delete(report.id);
    if (report.failure === undefined) awaited?.resolve();
    else awaited?.reject(reviveFailure(report.failure));
    if (this.awaited.size === 0) port.unref();
  }

  private hangUp(): void {
    this.orders?.close();
    this.orders = undefined;
    this.releaseAwaited();
  }

  /** The thread is gone: what it did not do, its successor does at its start. */
  private releaseAwaited(): void {
    for (const { resolve } of this.awaited.values()) resolve();
    this.awaited.clear();
  }
}
