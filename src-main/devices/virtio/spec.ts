/** Numbers all virtio devices share (virtio 1.2); each device keeps its own beside its code. */

/** Device status field (§2.1). */
export const STATUS = {
  ACKNOWLEDGE: 1,
  DRIVER: 2,
  DRIVER_OK: 4,
  FEATURES_OK: 8,
  DEVICE_NEEDS_RESET: 64,
  FAILED: 128,
} as const;

/** Reserved feature bits (§6), by their number. */
export const FEATURE = {
  INDIRECT_DESC: 28,
  EVENT_IDX: 29,
  VERSION_1: 32,
  RING_PACKED: 34,
  IN_ORDER: 35,
} as const;

/** "No vector" in config_msix_vector and queue_msix_vector (§4.1.5.1.2.1). */
export const NO_VECTOR = 0xffff;

/** ISR status bits (§4.1.4.5). */
export const ISR = { queue: 1, config: 2 } as const;

/** Feature bits by number as the two words of the feature registers. */
export function featureWords(bits: readonly number[]): [low: number, high: number] {
  let low = 0;
  let high = 0;
  for (const bit of bits) {
    if (bit < 32) low |= 1 << bit;
    else high |= 1 << (bit - 32);
  }
  return [low >>> 0, high >>> 0];
}

export function hasFeature(words: Int32Array, bit: number): boolean {
  return ((words[bit >> 5]! >>> (bit & 31)) & 1) !== 0;
}
