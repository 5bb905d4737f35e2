import { bytes, type SharedOf, struct, u16, u32, words } from '../../base/shared-struct.ts';
import { NO_VECTOR } from './spec.ts';

/** Bytes of device-specific configuration any device has. */
export const CONFIG_BYTES = 256;

/** Words per queue in `VirtioState.queues`: what the driver set up, then where the device stands. */
export const QUEUE = {
  size: 0,
  vector: 1,
  enabled: 2,
  descLow: 3,
  descHigh: 4,
  driverLow: 5,
  driverHigh: 6,
  deviceLow: 7,
  deviceHigh: 8,
  /** Split: next index of the available ring. Packed: next slot, wrap counter in bit 15. */
  nextAvailable: 9,
  /** Split: next index of the used ring. Packed: next slot, wrap counter in bit 15. */
  nextUsed: 10,
  /**
   * Split: where `nextUsed` stood when the driver was last asked whether it wants a signal. Packed: how many descriptors
   * have been used since.
   */
  signalled: 11,
} as const;
export const QUEUE_WORDS = 12;
/** The wrap counter in a packed queue's positions; it begins at 1 (§2.8.1). */
export const WRAP_COUNTER = 1 << 15;

/** The guest-physical address in the two words from `low` on. */
export function queueAddress(words: Int32Array, low: number): number {
  return (words[low]! >>> 0) + (words[low + 1]! >>> 0) * 0x1_0000_0000;
}

/** The registers of one virtio device and the positions in its queues, for any number of queues. */
export function virtioState(queues: number) {
  return struct('virtio', 1, {
    deviceFeatureSelect: u32(0),
    driverFeatureSelect: u32(0),
    driverFeatures: words(2),
    /** One word, for Atomics: §2.1. */
    status: words(1),
    queueSelect: u16(0),
    configVector: u16(NO_VECTOR),
    queues: words(queues * QUEUE_WORDS),
    /** Where in guest memory the doorbells are registered: BAR 0's address, 0 for nowhere. */
    doorbellsAt: u32(0),
  });
}
export type VirtioState = SharedOf<ReturnType<typeof virtioState>>;

/** What the device offers. Set by the thread that serves it before the guest starts; survives resets. */
export const VirtioOffer = struct('virtio-offer', 1, {
  features: words(2),
  /** One word, for Atomics: §2.5.2. */
  configGeneration: words(1),
  config: bytes(CONFIG_BYTES),
});
export type VirtioOffer = SharedOf<typeof VirtioOffer>;

/** ISR status (§4.1.4.5); its lock is the innermost of all. */
export const VirtioIsr = struct('virtio-isr', 1, { status: u16(0) });
export type VirtioIsr = SharedOf<typeof VirtioIsr>;

/** Between the driver's side and the thread that serves the queues; the lock is held while queues are served. */
export const VirtioServing = struct('virtio-serving', 1, {
  /** Counts the resets, so that the serving thread notices one. */
  generation: u32(0),
  /** Requests that are under way outside the lock. */
  inFlight: u32(0),
  /** The driver has asked for a reset that waits for `inFlight` to reach zero. */
  resetWanted: u32(0),
});
export type VirtioServing = SharedOf<typeof VirtioServing>;
