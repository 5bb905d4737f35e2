import { describe, expect, test } from 'vitest';
import { VirtioRng } from '../../../../src-main/devices/virtio/rng/virtio-rng.ts';
import { BUFFER, buffer, ENTROPY, expectResetMends, needsReset, RING } from '../../../support/entropy.ts';
import { RAM_BYTES, VirtioDriver } from '../../../support/virtio-driver.ts';

const [INDIRECT, EVENT] = [28, 29];

function entropy(features: readonly number[] = [], size = 8, regions = [0]) {
  const driver = new VirtioDriver(ENTROPY, (host) => new VirtioRng(host), { msix: false, regions });
  driver.negotiate(features);
  const queue = driver.splitQueue(0, 0x1000, size);
  driver.driverOk();
  return { driver, queue };
}

describe('split virtqueues', () => {
  test('virtio 1.2 §2.7.5: a chain of several descriptors is one buffer', () => {
    const { driver, queue } = entropy();
    const head = queue.add([...buffer(16), ...buffer(5, 0x9000)]);
    driver.kick();
    expect(queue.take()).toEqual([[head, 21]]);
  });

  test('virtio 1.2 §2.7.6: indices run past 2^16 and around the ring', () => {
    const { driver, queue } = entropy([], 64);
    let taken = 0;
    for (let round = 0; round < 0x10010 / 48; round++) {
      for (let i = 0; i < 48; i++) queue.add(buffer(1));
      driver.kick();
      taken += queue.take().length;
    }
    expect(taken).toBe(48 * Math.ceil(0x10010 / 48));
  });

  test('virtio 1.2 §2.7.5.3: an indirect table holds the chain', () => {
    const { driver, queue } = entropy([INDIRECT]);
    queue.describe(0, BUFFER, 8, 1 | 2, 1, 0x4000);
    queue.describe(1, BUFFER + 100, 8, 2, 0, 0x4000);
    queue.describe(3, 0x4000, 32, 4);
    queue.offer(3);
    driver.kick();
    expect(queue.take()).toEqual([[3, 16]]);
  });

  test.each<[string, (queue: ReturnType<typeof entropy>['queue']) => void]>([
    [
      '§2.7.5.3.1: an indirect table in an indirect table',
      (queue) => {
        queue.describe(0, 0x4000, 16, 4, 0, 0x4000);
        queue.describe(0, 0x4000, 16, 4);
      },
    ],
    ['§2.7.5.3.1: INDIRECT together with NEXT', (queue) => queue.describe(0, 0x4000, 16, 4 | 1)],
    ['§2.7.5.3: an indirect table of half a descriptor', (queue) => queue.describe(0, 0x4000, 24, 4)],
    ['an indirect table outside RAM', (queue) => queue.describe(0, RAM_BYTES, 16, 4)],
    ['§2.7.5.1: a chain that loops', (queue) => queue.describe(0, BUFFER, 1, 1 | 2, 0)],
    ['§2.7.5: a next index beyond the table', (queue) => queue.describe(0, BUFFER, 1, 1 | 2, 99)],
    ['a buffer that reaches beyond RAM', (queue) => queue.describe(0, RAM_BYTES - 8, 16, 2)],
    ['a buffer at an address no machine has', (queue) => queue.describe(0, 2 ** 52, 16, 2)],
    [
      '§2.7.4.2: a readable buffer behind a writable one',
      (queue) => {
        queue.describe(0, BUFFER, 1, 1 | 2, 1);
        queue.describe(1, BUFFER, 1, 0);
      },
    ],
  ])('virtio 1.2 %s: the device needs a reset, and works after it', (_what, spoil) => {
    const { driver, queue } = entropy([INDIRECT]);
    spoil(queue);
    queue.offer(0);
    driver.kick();
    expectResetMends(driver, queue, () => driver.splitQueue(0, RING, 8));
  });

  test('virtio 1.2 §2.7.6.1: an available index further ahead than the ring is long needs a reset', () => {
    const { driver, queue } = entropy();
    for (let i = 0; i < 9; i++) queue.offer(0);
    driver.kick();
    expect(needsReset(driver)).toBe(true);
  });

  test.each([
    ['outside RAM', RAM_BYTES],
    ['misaligned', 0x2001],
  ])('virtio 1.2 §2.7: rings %s need a reset', (_what, base) => {
    const driver = new VirtioDriver(ENTROPY, (host) => new VirtioRng(host));
    driver.negotiate();
    driver.write(0x20, 4, 0x1000);
    driver.write(0x28, 4, base);
    driver.write(0x30, 4, base);
    driver.write(0x1c, 2, 1);
    driver.driverOk();
    expect(needsReset(driver)).toBe(true);
  });

  test('virtio 1.2 §2.7.7.2: no signal while the driver set NO_INTERRUPT', () => {
    const { driver, queue } = entropy();
    queue.availableFlags = 1;
    queue.add(buffer());
    driver.kick();
    expect([queue.take().length, driver.intx]).toEqual([1, false]);
    queue.availableFlags = 0;
    queue.add(buffer());
    driver.kick();
    expect(driver.intx).toBe(true);
  });

  test('virtio 1.2 §2.7.7.2: with EVENT_IDX a signal comes when used_event is passed, not before', () => {
    const { driver, queue } = entropy([EVENT]);
    queue.usedEvent = 2;
    const signals = [1, 2, 3, 4].map(() => {
      queue.add(buffer());
      driver.kick();
      const { intx } = driver;
      driver.read(0x1000, 1);
      return intx;
    });
    expect(signals).toEqual([false, false, true, false]);
  });

  test('virtio 1.2 §2.7.10: with EVENT_IDX the device names the next index it wants to be notified of', () => {
    const { driver, queue } = entropy([EVENT]);
    queue.add(buffer());
    queue.add(buffer());
    driver.kick();
    expect(queue.availableEvent).toBe(2);
  });

  test('a buffer that straddles two regions of RAM is whole', () => {
    const { driver, queue } = entropy([], 8, [0, 0x8000]);
    queue.add(buffer(0x200, 0x7f00));
    driver.kick();
    expect(queue.take()).toEqual([[0, 0x200]]);
    expect(driver.ram.bytes.subarray(0x7f00, 0x8000).some((byte) => byte !== 0)).toBe(true);
    expect(driver.ram.bytes.subarray(0x8000, 0x8100).some((byte) => byte !== 0)).toBe(true);
  });

  test('virtio 1.2 §5.4.6: every buffer of the entropy device gets bytes, different ones', () => {
    const { driver, queue } = entropy();
    queue.add(buffer(16));
    queue.add(buffer(16, 0x9000));
    driver.kick();
    expect(queue.take().map(([, written]) => written)).toEqual([16, 16]);
    const [a, b] = [driver.ram.bytes.slice(BUFFER, BUFFER + 16), driver.ram.bytes.slice(0x9000, 0x9010)];
    expect(Buffer.compare(a, b)).not.toBe(0);
  });
});
