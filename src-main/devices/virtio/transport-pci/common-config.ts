import type { AccessSize } from '../../../vmm/bus/io-bus.ts';
import { FEATURE, hasFeature, STATUS } from '../spec.ts';
import { QUEUE, QUEUE_WORDS, type VirtioOffer, type VirtioState, WRAP_COUNTER } from '../state.ts';

/** struct virtio_pci_common_cfg (virtio 1.2 §4.1.4.3). */
const REGISTER = {
  deviceFeatureSelect: 0x00,
  deviceFeature: 0x04,
  driverFeatureSelect: 0x08,
  driverFeature: 0x0c,
  configVector: 0x10,
  numQueues: 0x12,
  deviceStatus: 0x14,
  configGeneration: 0x15,
  queueSelect: 0x16,
  queueSize: 0x18,
  queueVector: 0x1a,
  queueEnable: 0x1c,
  queueNotifyOff: 0x1e,
  queueDesc: 0x20,
  queueDriver: 0x28,
  queueDevice: 0x30,
} as const;

export interface CommonConfigEnvironment {
  readonly state: VirtioState;
  readonly offer: VirtioOffer;
  /** The largest size of each queue. */
  readonly queueSizes: readonly number[];
  /** Vectors the driver may name; 0 where there is no MSI-X. */
  readonly vectors: number;
  /** The driver wrote 0 to the status field. */
  readonly reset: () => void;
  /** The driver has set DRIVER_OK. */
  readonly ready: () => void;
}

/** The registers a driver negotiates by and sets its queues up with. The state's lock is held around each access. */
export class CommonConfig {
  constructor(private readonly env: CommonConfigEnvironment) {}

  /** Power-on values: each queue as large as it can be, no vectors. */
  reset(): void {
    const { state, queueSizes } = this.env;
    const { doorbellsAt } = state;
    state.reset();
    state.doorbellsAt = doorbellsAt;
    for (const [index, size] of queueSizes.entries()) {
      state.queues[index * QUEUE_WORDS + QUEUE.size] = size;
      state.queues[index * QUEUE_WORDS + QUEUE.vector] = 0xffff;
    }
  }

  /** §4.1.3.1: fields are read whole; what is narrower than the field gets that part of it. */
  read(offset: number, size: AccessSize): number {
    const aligned = offset & ~3;
    const word = this.word(aligned) >>> ((offset - aligned) * 8);
    return size === 4 ? word >>> 0 : word & (size === 2 ? 0xffff : 0xff);
  }

  write(offset: number, size: AccessSize, value: number): void {
    const { state, vectors } = this.env;
    switch (offset) {
      case REGISTER.deviceFeatureSelect:
        state.deviceFeatureSelect = value;
        break;
      case REGISTER.driverFeatureSelect:
        state.driverFeatureSelect = value;
        break;
      case REGISTER.driverFeature:
        this.writeFeatures(value);
        break;
      case REGISTER.configVector:
        state.configVector = value < vectors ? value : 0xffff;
        break;
      case REGISTER.deviceStatus:
        if (size === 1) this.writeStatus(value);
        break;
      case REGISTER.queueSelect:
        state.queueSelect = value;
        break;
      default:
        this.writeQueue(offset, value);
    }
  }

  private word(offset: number): number {
    const { state, offer, queueSizes } = this.env;
    switch (offset) {
      case REGISTER.deviceFeatureSelect:
        return state.deviceFeatureSelect;
      case REGISTER.deviceFeature:
        return state.deviceFeatureSelect < 2 ? offer.features[state.deviceFeatureSelect]! : 0;
      case REGISTER.driverFeatureSelect:
        return state.driverFeatureSelect;
      case REGISTER.driverFeature:
        return state.driverFeatureSelect < 2 ? state.driverFeatures[state.driverFeatureSelect]! : 0;
      case REGISTER.configVector:
        return state.configVector | (queueSizes.length << 16);
      case REGISTER.deviceStatus: {
        const generation = Atomics.load(offer.configGeneration, 0) & 0xff;
        return Atomics.load(state.status, 0) | (generation << 8) | (state.queueSelect << 16);
      }
      case REGISTER.queueSize:
        return this.queue(QUEUE.size) | (this.queue(QUEUE.vector, 0xffff) << 16);
      case REGISTER.queueEnable:
        return this.queue(QUEUE.enabled) | (this.selected() << 16);
      case REGISTER.queueDesc:
        return this.queue(QUEUE.descLow);
      case REGISTER.queueDesc + 4:
        return this.queue(QUEUE.descHigh);
      case REGISTER.queueDriver:
        return this.queue(QUEUE.driverLow);
      case REGISTER.queueDriver + 4:
        return this.queue(QUEUE.driverHigh);
      case REGISTER.queueDevice:
        return this.queue(QUEUE.deviceLow);
      case REGISTER.queueDevice + 4:
        return this.queue(QUEUE.deviceHigh);
      default:
        return 0;
    }
  }

  /** queue_notify_off: each queue's doorbell is at its own number. */
  private selected(): number {
    return this.env.state.queueSelect < this.env.queueSizes.length ? this.env.state.queueSelect : 0;
  }

  /** §4.1.4.3.1: a queue that is not there has size 0. */
  private queue(field: number, absent = 0): number {
    const { state, queueSizes } = this.env;
    if (state.queueSelect >= queueSizes.length) return absent;
    return state.queues[state.queueSelect * QUEUE_WORDS + field]!;
  }

  /** §2.2: features count until the driver has set FEATURES_OK. */
  private writeFeatures(value: number): void {
    const { state } = this.env;
    if ((Atomics.load(state.status, 0) & STATUS.FEATURES_OK) !== 0) return;
    if (state.driverFeatureSelect < 2) state.driverFeatures[state.driverFeatureSelect] = value;
  }

  /** §2.1, §3.1.1: FEATURES_OK stays only where the driver asked for nothing that was not offered. */
  private writeStatus(value: number): void {
    const { state, reset, ready } = this.env;
    if (value === 0) {
      reset();
      return;
    }
    const before = Atomics.load(state.status, 0);
    let after = value | (before & STATUS.DEVICE_NEEDS_RESET);
    if ((before & STATUS.FEATURES_OK) === 0 && !this.acceptable()) after &= ~STATUS.FEATURES_OK;
    Atomics.store(state.status, 0, after);
    const begins = (after & ~before & STATUS.DRIVER_OK) !== 0;
    if (begins && (after & STATUS.FEATURES_OK) !== 0) ready();
  }

  private acceptable(): boolean {
    const { state, offer } = this.env;
    const [low, high] = state.driverFeatures;
    const beyond = (low! & ~offer.features[0]!) | (high! & ~offer.features[1]!);
    return beyond === 0 && hasFeature(state.driverFeatures, FEATURE.VERSION_1);
  }

  /** An enabled queue changes no more until the next reset (§4.1.4.3.2). */
  private writeQueue(offset: number, value: number): void {
    const { state, queueSizes, vectors } = this.env;
    const index = state.queueSelect;
    if (index >= queueSizes.length) return;
    const at = index * QUEUE_WORDS;
    const { queues } = state;
    if (offset === REGISTER.queueVector) {
      queues[at + QUEUE.vector] = value < vectors ? value : 0xffff;
      return;
    }
    if (queues[at + QUEUE.enabled] !== 0) return;
    switch (offset) {
      case REGISTER.queueSize:
        if (value > 0 && value <= queueSizes[index]! && this.fits(value)) queues[at + QUEUE.size] = value;
        break;
      case REGISTER.queueEnable:
        if (value === 1) this.enable(at);
        break;
      case REGISTER.queueDesc:
        queues[at + QUEUE.descLow] = value;
        break;
      case REGISTER.queueDesc + 4:
        queues[at + QUEUE.descHigh] = value;
        break;
      case REGISTER.queueDriver:
        queues[at + QUEUE.driverLow] = value;
        break;
      case REGISTER.queueDriver + 4:
        queues[at + QUEUE.driverHigh] = value;
        break;
      case REGISTER.queueDevice:
        queues[at + QUEUE.deviceLow] = value;
        break;
      case REGISTER.queueDevice + 4:
        queues[at + QUEUE.deviceHigh] = value;
        break;
    }
  }

  /** §2.7, §2.8.10.1: sizes are powers of two but for packed queues. */
  private fits(size: number): boolean {
    return this.packed || (size & (size - 1)) === 0;
  }

  /** @param at where the queue's words begin */
  private enable(at: number): void {
    const { queues } = this.env.state;
    const start = this.packed ? WRAP_COUNTER : 0;
    queues[at + QUEUE.nextAvailable] = start;
    queues[at + QUEUE.nextUsed] = start;
    queues[at + QUEUE.enabled] = 1;
  }

  private get packed(): boolean {
    return hasFeature(this.env.state.driverFeatures, FEATURE.RING_PACKED);
  }
}
