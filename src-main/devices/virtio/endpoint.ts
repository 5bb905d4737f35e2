/**
 * The device end of a virtio function, in the one thread that serves its queues. A device type implements
 * `VirtioDevice`; it is given queues, guest memory and signals, and knows no transport and no thread.
 *
 * To add a device type: a folder beside `blk/` with its numbers and its class, what it is in
 * `specification.ts`, and its making in `vmm/io/make-device.ts`.
 */
import type { Disposable } from '../../base/disposable.ts';
import type { GuestMemory } from '../../vmm/memory/guest-memory.ts';
import { PackedQueue } from './queue/packed-queue.ts';
import { SplitQueue } from './queue/split-queue.ts';
import type { QueueFeatures, Virtqueue } from './queue/virtqueue.ts';
import { FEATURE, featureWords, hasFeature, STATUS } from './spec.ts';
import { QUEUE, QUEUE_WORDS } from './state.ts';
import type { VirtioPci } from './transport-pci/virtio-pci.ts';

/** What a device type does. Everything is called in the serving thread, with the serving lock held. */
export interface VirtioDevice extends Disposable {
  /** Feature bits of the device's own, by number; the transport's are added. */
  readonly features: readonly number[];
  /** Device configuration as the driver finds it. */
  readonly config: Uint8Array;
  /** There may be buffers in queue `index`. True when it stopped before the queue was empty and wants another turn. */
  serve(index: number): boolean;
  /** The driver is there, its queues are set up. */
  started?(): void;
  /** The driver has written device configuration. */
  configWritten?(config: Uint8Array): void;
  /** The driver has gone; nothing is in flight. */
  reset(): void;
}

/** What a device is given. */
export interface VirtioHost {
  readonly memory: GuestMemory;
  /** Queue `index`, where the driver has set it up and the device is alive. */
  queue(index: number): Virtqueue | undefined;
  /** Whether the driver negotiated the feature. */
  has(feature: number): boolean;
  /** Tells the driver of used buffers in queue `index`, if it wants to know. */
  signal(index: number, queue: Virtqueue): void;
  /** Replaces device configuration and tells the driver (§2.5.1). */
  changeConfig(config: Uint8Array): void;
  /** Requests are under way outside `serve`: so many more, or fewer. */
  inFlight(difference: number): void;
  /** Gives a queue another turn soon. */
  again(index: number): void;
  /** Calls `ready`, with the serving lock held, whenever `fd` is what `interest` says. */
  watch(fd: number, interest: FdInterest, ready: (happened: FdInterest) => void): FdWatch;
}

/** What to wait for, or what has happened; an error or a hang-up counts as both. */
export interface FdInterest {
  readonly readable: boolean;
  readonly writable: boolean;
}

export interface FdWatch extends Disposable {
  change(interest: FdInterest): void;
}

/** How the serving thread waits for descriptors. */
export type FdWatcher = (fd: number, interest: FdInterest, ready: (happened: FdInterest) => void) => FdWatch;

const TRANSPORT_FEATURES = [FEATURE.VERSION_1, FEATURE.INDIRECT_DESC, FEATURE.EVENT_IDX, FEATURE.RING_PACKED];
/** "Every queue" among pending ones. */
const ALL = -1;

export class VirtioEndpoint implements VirtioHost, Disposable {
  readonly device: VirtioDevice;
  /** Set while queues wait for a turn. */
  pending = 0;
  private generation: number;
  private readonly queues: (Virtqueue | undefined)[];
  private started = false;

  constructor(
    private readonly transport: VirtioPci,
    readonly memory: GuestMemory,
    private readonly watcher: FdWatcher,
    make: (host: VirtioHost) => VirtioDevice,
  ) {
    const { offer, serving } = transport.parts;
    this.queues = new Array(transport.kind.queueSizes.length).fill(undefined);
    this.generation = serving.generation;
    this.device = make(this);
    offer.features.set(featureWords([...this.device.features, ...TRANSPORT_FEATURES]));
    offer.config.set(this.device.config);
  }

  get queueCount(): number {
    return this.queues.length;
  }

  /** The driver rang queue `index`'s doorbell, or it is to be looked at for another reason. */
  serve(index: number): void {
    this.locked(() => {
      if (this.alive() && this.device.serve(index)) this.again(index);
      this.checkBroken(index);
    });
  }

  /** The driver's side has changed: came, went, wrote configuration. */
  changed(): void {
    this.locked(() => {
      const { parts, kind } = this.transport;
      this.finishReset();
      if (!this.alive()) return;
      if (kind.writableConfig) this.device.configWritten?.(parts.offer.config);
      if (this.started) return;
      this.started = true;
      this.device.started?.();
      this.pending = ALL;
    });
  }

  /** Gives a turn to what waits for one; true when something still does. */
  turn(): boolean {
    const { pending } = this;
    this.pending = 0;
    for (let index = 0; index < this.queues.length; index++) {
      if (pending === ALL || (pending & (1 << (index & 31))) !== 0) this.serve(index);
    }
    return this.pending !== 0;
  }

  watch(fd: number, interest: FdInterest, ready: (happened: FdInterest) => void): FdWatch {
    return this.watcher(fd, interest, (happened) =>
      this.locked(() => {
        this.alive();
        ready(happened);
        this.finishReset();
      }),
    );
  }

  /** How many requests are under way. */
  get underWay(): number {
    return this.transport.parts.serving.inFlight;
  }

  /** The machine goes on after a pause: every queue is looked at. */
  lookAtAll(): void {
    this.changed();
    this.pending = ALL;
  }

  queue(index: number): Virtqueue | undefined {
    const { state, serving } = this.transport.parts;
    if (serving.resetWanted !== 0) return undefined;
    const known = this.queues[index];
    if (known !== undefined) return known;
    const words = state.queues.subarray(index * QUEUE_WORDS, (index + 1) * QUEUE_WORDS);
    if (words[QUEUE.enabled] === 0) return undefined;
    const features: QueueFeatures = {
      indirect: this.has(FEATURE.INDIRECT_DESC),
      eventIndex: this.has(FEATURE.EVENT_IDX),
    };
    const ring = this.has(FEATURE.RING_PACKED) ? PackedQueue : SplitQueue;
    const queue = ring.open(words, this.memory, features);
    if (queue === undefined) this.needsReset();
    this.queues[index] = queue;
    return queue;
  }

  has(feature: number): boolean {
    return hasFeature(this.transport.parts.state.driverFeatures, feature);
  }

  signal(index: number, queue: Virtqueue): void {
    if (queue.needsSignal()) this.transport.interrupts.signalQueue(index);
  }

  changeConfig(config: Uint8Array): void {
    const { offer, state } = this.transport.parts;
    offer.config.set(config);
    Atomics.add(offer.configGeneration, 0, 1);
    if ((Atomics.load(state.status, 0) & STATUS.DRIVER_OK) !== 0) this.transport.interrupts.signalConfig();
  }

  inFlight(difference: number): void {
    this.transport.parts.serving.inFlight += difference;
  }

  again(index: number): void {
    this.pending |= 1 << (index & 31);
  }

  /** The RAM has moved in host memory: views of it are made anew. */
  memoryMoved(): void {
    this.queues.fill(undefined);
  }

  dispose(): void {
    this.device.dispose();
  }

  /** Whether there is a driver to work for; notices a reset first. */
  private alive(): boolean {
    const { serving, state } = this.transport.parts;
    if (serving.generation !== this.generation) {
      this.generation = serving.generation;
      this.queues.fill(undefined);
      this.started = false;
      this.pending = 0;
      this.device.reset();
    }
    const status = Atomics.load(state.status, 0);
    const needed = STATUS.DRIVER_OK | STATUS.FEATURES_OK;
    return (status & (needed | STATUS.DEVICE_NEEDS_RESET)) === needed && serving.resetWanted === 0;
  }

  /** A reset the driver asked for while requests were under way. */
  private finishReset(): void {
    const { serving } = this.transport.parts;
    if (serving.resetWanted === 0 || serving.inFlight !== 0) return;
    this.transport.finishReset();
    this.alive();
  }

  private checkBroken(index: number): void {
    if (this.queues[index]?.broken) this.needsReset();
  }

  /** §2.1.2: the device has met something it cannot recover from. */
  private needsReset(): void {
    const { state } = this.transport.parts;
    const before = Atomics.or(state.status, 0, STATUS.DEVICE_NEEDS_RESET);
    const told = (before & STATUS.DRIVER_OK) === 0 || (before & STATUS.DEVICE_NEEDS_RESET) !== 0;
    if (!told) this.transport.interrupts.signalConfig();
  }

  private locked(body: () => void): void {
    const { lock } = this.transport.parts.serving;
    lock.acquire();
    try {
      body();
    } finally {
      lock.release();
    }
  }
}
