import { describe, expect, test } from 'vitest';
import { RNG_QUEUE_SIZE, VirtioRng } from '../../../../src-main/devices/virtio/rng/virtio-rng.ts';
import type { DriverPackedQueue } from '../../../support/driver-packed-queue.ts';
import { BUFFER, buffer, ENTROPY, expectResetMends, needsReset, RING } from '../../../support/entropy.ts';
import { RAM_BYTES, VirtioDriver } from '../../../support/virtio-driver.ts';

const [INDIRECT_DESC, EVENT_IDX] = [28, 29];
const FLAG = { NEXT: 1, WRITE: 2, INDIRECT: 4, AVAIL: 0x80, USED: 0x8000 };
const EVENT = { ENABLE: 0, DISABLE: 1, DESC: 2 };
const TABLE = 0x4000;

interface Entropy {
  readonly driver: VirtioDriver;
  readonly queue: DriverPackedQueue;
}

function entropy(features: readonly number[] = [], size = 8, regions = [0]): Entropy {
  const driver = new VirtioDriver(ENTROPY, (host) => new VirtioRng(host), { msix: false, regions, ring: 'packed' });
  expect(driver.negotiate(features)).toBe(true);
  const queue = driver.packedQueue(0, RING, size);
  driver.driverOk();
  return { driver, queue };
}
/** Gives the device buffers of a byte each and has them used; whether there was a signal. */
const use = ({ driver, queue }: Entropy, buffers = 1): boolean => {
  for (let i = 0; i < buffers; i++) queue.add(buffer(1));
  driver.kick();
  expect(queue.take()).toHaveLength(buffers);
  return driver.read(0x1000, 1) === 1;
};

describe('packed virtqueues', () => {
  test('virtio 1.2 §6: RING_PACKED is offered, and who does not take it has a split ring', () => {
    const driver = new VirtioDriver(ENTROPY, (host) => new VirtioRng(host));
    driver.negotiate();
    driver.write(0x00, 4, 1);
    expect(driver.read(0x04, 4)).toBe(0b101);
    const queue = driver.splitQueue(0, RING, 8);
    driver.driverOk();
    queue.add(buffer());
    driver.kick();
    expect(queue.take()).toEqual([[0, 16]]);
  });

  test('virtio 1.2 §2.8.6: a chain of several descriptors is one buffer, with its id in the last', () => {
    const { driver, queue } = entropy();
    queue.add([...buffer(16), ...buffer(5, 0x9000), ...buffer(3, 0xa000)]);
    queue.add(buffer(2));
    driver.kick();
    expect(queue.take()).toEqual([
      [0, 24],
      [3, 2],
    ]);
  });

  test('virtio 1.2 §2.8.6: one descriptor is written for a chain, and the others are left as they were', () => {
    const { driver, queue } = entropy();
    queue.add([...buffer(16), ...buffer(5, 0x9000)]);
    const before = driver.ram.bytes.slice(RING + 16, RING + 32);
    driver.kick();
    expect(queue.flagsOf(0)).toBe(FLAG.WRITE | FLAG.AVAIL | FLAG.USED);
    expect(driver.ram.bytes.slice(RING + 16, RING + 32)).toEqual(before);
  });

  test('virtio 1.2 §2.8.3, §2.8.4: WRITE in a used descriptor tells whether anything was written', () => {
    const { driver, queue } = entropy();
    queue.add([{ gpa: BUFFER, length: 8 }]);
    queue.add(buffer(8));
    driver.kick();
    expect([queue.flagsOf(0) & FLAG.WRITE, queue.flagsOf(1) & FLAG.WRITE]).toEqual([0, FLAG.WRITE]);
    expect(queue.take()).toEqual([
      [0, 0],
      [1, 8],
    ]);
  });

  test.each([1, 3, 7, 8, RNG_QUEUE_SIZE])(
    'virtio 1.2 §2.8.1, §2.8.10.1: lap after lap of a ring of %i, in chains of all lengths that fit',
    (size) => {
      const { driver, queue } = entropy([], size);
      for (let round = 0; round < 40; round++) {
        const given: [number, number][] = [];
        for (let left = size, length = (round % 3) + 1; left >= length; left -= length) {
          given.push([queue.add(Array(length).fill(buffer(2)[0])), 2 * length]);
        }
        driver.kick();
        expect(queue.take()).toEqual(given);
      }
      expect(needsReset(driver)).toBe(false);
    },
  );

  test('virtio 1.2 §2.8.1: what is left of the last lap, or was used in it, is not available', () => {
    const { driver, queue } = entropy([], 4);
    const one = { driver, queue };
    use(one, 4);
    driver.kick();
    expect(queue.waiting).toBe(0);
    for (const stale of [0, FLAG.AVAIL, FLAG.AVAIL | FLAG.USED]) {
      queue.describe(0, BUFFER, 1, FLAG.WRITE | stale);
      driver.kick();
      expect(queue.flagsOf(0)).toBe(FLAG.WRITE | stale);
    }
    queue.describe(0, BUFFER, 1, FLAG.WRITE | FLAG.USED);
    driver.kick();
    expect(queue.flagsOf(0)).toBe(FLAG.WRITE);
  });

  test('virtio 1.2 §2.8.7: an indirect table holds the chain; flags but WRITE, and ids, count for nothing there', () => {
    const { driver, queue } = entropy([INDIRECT_DESC]);
    queue.describe(0, BUFFER, 8, FLAG.WRITE, 77, TABLE);
    queue.describe(1, BUFFER + 100, 8, FLAG.WRITE | FLAG.NEXT | FLAG.INDIRECT | 0xff00, 78, TABLE);
    queue.describe(2, BUFFER + 200, 8, FLAG.WRITE | FLAG.NEXT, 79, TABLE);
    const head = queue.offer(TABLE, 48, FLAG.INDIRECT | FLAG.WRITE);
    queue.add(buffer(1));
    driver.kick();
    expect(queue.take()).toEqual([
      [head, 24],
      [1, 1],
    ]);
  });

  test('virtio 1.2 §2.8.7: an indirect table need not be aligned', () => {
    const { driver, queue } = entropy([INDIRECT_DESC]);
    queue.describe(0, BUFFER, 8, FLAG.WRITE, 0, TABLE + 3);
    queue.offer(TABLE + 3, 16, FLAG.INDIRECT);
    driver.kick();
    expect(queue.take()).toEqual([[0, 8]]);
  });

  test.each<[string, (queue: DriverPackedQueue) => void]>([
    ['§2.8.19: INDIRECT together with NEXT', (queue) => queue.offer(TABLE, 16, FLAG.INDIRECT | FLAG.NEXT)],
    [
      '§2.8.19: an indirect table at the end of a chain',
      (queue) => {
        queue.describe(0, BUFFER, 8, FLAG.WRITE, 0, TABLE);
        queue.describe(1, TABLE, 16, queue.available(FLAG.INDIRECT));
        queue.offer(BUFFER, 8, FLAG.WRITE | FLAG.NEXT);
      },
    ],
    ['§2.8.7: an indirect table of half a descriptor', (queue) => queue.offer(TABLE, 24, FLAG.INDIRECT)],
    ['§2.8.7: an indirect table of nothing', (queue) => queue.offer(TABLE, 0, FLAG.INDIRECT)],
    [
      '§2.8.17: an indirect table longer than the ring',
      (queue) => {
        for (let i = 0; i < 9; i++) queue.describe(i, BUFFER, 1, FLAG.WRITE, 0, TABLE);
        queue.offer(TABLE, 9 * 16, FLAG.INDIRECT);
      },
    ],
    ['an indirect table outside RAM', (queue) => queue.offer(RAM_BYTES, 16, FLAG.INDIRECT)],
    ['§2.8.6: a chain that goes on where nothing is available', (queue) => queue.offer(BUFFER, 1, FLAG.NEXT)],
    [
      '§2.8.17: a chain that goes round the ring',
      (queue) => {
        for (let i = 0; i < 8; i++) queue.describe(i, BUFFER, 1, queue.available(FLAG.NEXT | FLAG.WRITE));
      },
    ],
    ['a buffer that reaches beyond RAM', (queue) => queue.offer(RAM_BYTES - 8, 16, FLAG.WRITE)],
    ['a buffer at an address no machine has', (queue) => queue.offer(2 ** 52, 16, FLAG.WRITE)],
    [
      '§2.8.17: a readable buffer behind a writable one',
      (queue) => void queue.add([...buffer(1), { gpa: BUFFER, length: 1 }]),
    ],
    [
      '§2.8.17: a readable buffer behind a writable one, in an indirect table',
      (queue) => {
        queue.describe(0, BUFFER, 8, FLAG.WRITE, 0, TABLE);
        queue.describe(1, BUFFER, 8, 0, 0, TABLE);
        queue.offer(TABLE, 32, FLAG.INDIRECT);
      },
    ],
  ])('virtio 1.2 %s: the device needs a reset, and works after it', (_what, spoil) => {
    const { driver, queue } = entropy([INDIRECT_DESC]);
    spoil(queue);
    driver.kick();
    expectResetMends(driver, queue, () => driver.packedQueue(0, RING, 8));
  });

  test('virtio 1.2 §2.8.19: without INDIRECT_DESC an indirect table needs a reset', () => {
    const { driver, queue } = entropy();
    queue.describe(0, BUFFER, 8, FLAG.WRITE, 0, TABLE);
    queue.offer(TABLE, 16, FLAG.INDIRECT);
    driver.kick();
    expect(needsReset(driver)).toBe(true);
  });

  test.each<[string, [number, number, number]]>([
    ['a ring outside RAM', [RAM_BYTES - 16 * 8 + 16, 0x2000, 0x2004]],
    ['a ring at a multiple of 8', [0x1008, 0x2000, 0x2004]],
    ['a driver’s event structure outside RAM', [0x1000, RAM_BYTES, 0x2004]],
    ['a driver’s event structure at an odd address', [0x1000, 0x2002, 0x2004]],
    ['a device’s event structure outside RAM', [0x1000, 0x2000, RAM_BYTES]],
    ['a device’s event structure at an odd address', [0x1000, 0x2000, 0x2006]],
  ])('virtio 1.2 §2.8.10.1: %s needs a reset', (_what, parts) => {
    const driver = new VirtioDriver(ENTROPY, (host) => new VirtioRng(host), { ring: 'packed' });
    driver.negotiate();
    driver.setUp(0, 8, parts);
    driver.driverOk();
    expect(needsReset(driver)).toBe(true);
  });

  test('virtio 1.2 §2.8.10: no signal while the driver’s events are disabled', () => {
    const one = entropy();
    one.queue.setDriverEvent(EVENT.DISABLE);
    expect(use(one)).toBe(false);
    one.queue.setDriverEvent(EVENT.ENABLE);
    expect(use(one)).toBe(true);
  });

  test('virtio 1.2 §2.8.10: without EVENT_IDX a driver that names a descriptor is told of every one', () => {
    const one = entropy();
    one.queue.setDriverEvent(EVENT.DESC, 5, 1);
    expect(use(one)).toBe(true);
  });

  test.each([8, 6])(
    'virtio 1.2 §2.8.10: with EVENT_IDX a signal comes when the named descriptor is used, in its lap of a ring of %i',
    (size) => {
      const one = entropy([EVENT_IDX], size);
      one.queue.setDriverEvent(EVENT.DESC, 2, 1);
      expect([1, 2, 3, 4].map(() => use(one))).toEqual([false, false, true, false]);
      // The driver names one in the next lap: not told of its namesake in this one.
      one.queue.setDriverEvent(EVENT.DESC, size - 1, 0);
      const signals = Array.from({ length: 2 * size - 4 }, () => use(one));
      expect(signals.indexOf(true)).toBe(signals.length - 1);
      one.queue.setDriverEvent(EVENT.DESC, 0, 1);
      expect([use(one), use(one)]).toEqual([true, false]);
    },
  );

  test('virtio 1.2 §2.8.10: a batch that goes past the named descriptor, or past the end of the ring to it, is one signal', () => {
    const one = entropy([EVENT_IDX]);
    one.queue.setDriverEvent(EVENT.DESC, 3, 1);
    expect([use(one, 3), use(one, 3)]).toEqual([false, true]);
    one.queue.setDriverEvent(EVENT.DESC, 7, 1);
    expect(use(one, 5)).toBe(true);
    one.queue.setDriverEvent(EVENT.DESC, 2, 1);
    expect(use(one, 5)).toBe(false);
    one.queue.setDriverEvent(EVENT.DESC, 2, 1);
    expect([use(one, 2), use(one, 1)]).toEqual([false, true]);
  });

  test('virtio 1.2 §2.8.10: a chain counts with all its descriptors', () => {
    const { driver, queue } = entropy([EVENT_IDX]);
    queue.setDriverEvent(EVENT.DESC, 2, 1);
    queue.add([...buffer(1), ...buffer(1), ...buffer(1)]);
    driver.kick();
    expect(driver.read(0x1000, 1)).toBe(1);
  });

  test('virtio 1.2 §2.8.10: while it serves the queue the device wants no notification; whole laps are not taken for nothing', () => {
    const { driver, queue } = entropy([], 4);
    const wanted: number[] = [];
    let given = 1;
    queue.add(buffer(1));
    // The driver gives another buffer as soon as one is used.
    const { store } = Atomics;
    Atomics.store = ((array: Uint32Array, index: number, value: number) => {
      const result = store(array, index, value);
      if (queue.take().length > 0) {
        wanted.push(queue.wanted[0]);
        if (given++ < 4) queue.add(buffer(1));
      }
      return result;
    }) as typeof Atomics.store;
    try {
      driver.kick();
    } finally {
      Atomics.store = store;
    }
    expect(wanted).toEqual(Array(4).fill(EVENT.DISABLE));
    expect(driver.intx).toBe(true);
  });

  test('virtio 1.2 §2.8.10: with EVENT_IDX the device names the next descriptor it wants to be notified of', () => {
    const one = entropy([EVENT_IDX], 6);
    use(one, 2);
    expect(one.queue.wanted).toEqual([EVENT.DESC, 2, 1]);
    use(one, 5);
    expect(one.queue.wanted).toEqual([EVENT.DESC, 1, 0]);
  });

  test('virtio 1.2 §2.8.10: without EVENT_IDX the device wants to be notified once it has looked at everything', () => {
    const one = entropy();
    one.driver.ram.bytes.set([0, 0, EVENT.DISABLE, 0], one.queue.deviceEvent);
    use(one);
    expect(one.queue.wanted).toEqual([EVENT.ENABLE, 0, 0]);
  });

  test('virtio 1.2 §2.4: after a reset the ring begins anew, at its first descriptor and with wrap counters of 1', () => {
    const { driver, queue } = entropy([], 4);
    use({ driver, queue }, 3);
    use({ driver, queue }, 3);
    driver.ram.bytes.fill(0, RING, 0x2000);
    driver.negotiate();
    const again = driver.packedQueue(0, RING, 5);
    driver.driverOk();
    expect(use({ driver, queue: again }, 5)).toBe(true);
  });

  test('virtio 1.2 §3.1.1: a driver that negotiates another ring without a reset finds that it needs one', () => {
    const renegotiate = (driver: VirtioDriver, high: number): void => {
      driver.write(0x14, 1, 3);
      driver.write(0x08, 4, 1);
      driver.write(0x0c, 4, high);
      driver.write(0x14, 1, 0x0f);
      driver.endpoint.memoryMoved();
      driver.kick();
      expect(needsReset(driver)).toBe(true);
    };
    const packed = entropy([], 7);
    use(packed);
    renegotiate(packed.driver, 0b001);
    const driver = new VirtioDriver(ENTROPY, (host) => new VirtioRng(host));
    driver.negotiate();
    const split = driver.splitQueue(0, RING, 8);
    driver.driverOk();
    for (let i = 0; i < 9; i++) {
      split.add(buffer(1));
      driver.kick();
    }
    renegotiate(driver, 0b101);
  });

  test('the ring goes on where it was when RAM has moved in host memory', () => {
    const { driver, queue } = entropy([], 4);
    for (let round = 0; round < 3; round++) {
      use({ driver, queue }, 3);
      driver.endpoint.memoryMoved();
    }
    expect(needsReset(driver)).toBe(false);
  });

  test('a buffer that straddles two regions of RAM is whole', () => {
    const { driver, queue } = entropy([], 8, [0, 0x8000]);
    queue.add(buffer(0x200, 0x7f00));
    driver.kick();
    expect(queue.take()).toEqual([[0, 0x200]]);
    expect(driver.ram.bytes.subarray(0x7f00, 0x8000).some((byte) => byte !== 0)).toBe(true);
    expect(driver.ram.bytes.subarray(0x8000, 0x8100).some((byte) => byte !== 0)).toBe(true);
  });
});
