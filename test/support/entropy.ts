import { expect } from 'vitest';
import { RNG_QUEUE_SIZE } from '../../src-main/devices/virtio/rng/virtio-rng.ts';
import type { DriverQueue, Piece } from './driver-queue.ts';
import type { VirtioDriver } from './virtio-driver.ts';

/** The simplest device, by which queues are tested: whatever is writable it fills. */
export const ENTROPY = { type: 4, classCode: 0xff_0000, queueSizes: [RNG_QUEUE_SIZE] };
/** Where the ring and the buffers of such tests are. */
export const RING = 0x1000;
export const BUFFER = 0x8000;

export const buffer = (length = 16, gpa = BUFFER): Piece[] => [{ gpa, length, writable: true }];

/** virtio 1.2 §2.1: DEVICE_NEEDS_RESET. */
export const needsReset = (driver: VirtioDriver): boolean => (driver.status & 64) !== 0;

/** The device has used nothing of a spoilt queue, has asked for a reset, and works after one, with a queue from `open`. */
export function expectResetMends(driver: VirtioDriver, spoilt: DriverQueue, open: () => DriverQueue): void {
  expect(spoilt.take()).toEqual([]);
  expect(needsReset(driver)).toBe(true);
  expect(driver.read(0x1000, 1)).toBe(2);
  driver.negotiate();
  driver.ram.bytes.fill(0, RING, 0x2000);
  const again = open();
  driver.driverOk();
  again.add(buffer());
  driver.kick();
  expect(again.take()).toHaveLength(1);
}
