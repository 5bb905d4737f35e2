import { beforeEach, describe, expect, test } from 'vitest';
import { Arena } from '../../../../src-main/base/shared-struct.ts';
import { placeBalloon } from '../../../../src-main/devices/virtio/balloon/balloon-state.ts';
import { VirtioBalloon } from '../../../../src-main/devices/virtio/balloon/virtio-balloon.ts';
import { kindOf } from '../../../../src-main/devices/virtio/specification.ts';
import { Balloon } from '../../../../src-main/vmm/machine/balloon.ts';
import { RINGS, type RingKind } from '../../../support/driver-queue.ts';
import { RAM_BYTES, VirtioDriver } from '../../../support/virtio-driver.ts';

const STATS_VQ = 1;
const DEFLATE_ON_OOM = 2;
const [INFLATE, DEFLATE, STATISTICS] = [0, 1, 2];
const LIST = 0x8000;
const CONFIG_VECTOR = 1;

let ring: RingKind;

function balloon(features: readonly number[] = [STATS_VQ, DEFLATE_ON_OOM], regions = [0]) {
  const state = placeBalloon(Arena.build(1 << 16), 'balloon0');
  const discarded: [gpa: number, length: number][] = [];
  const said: number[] = [];
  const kind = kindOf({ kind: 'balloon', name: 'balloon0', slot: 3 });
  let driver: VirtioDriver | undefined;
  const device = (host: ConstructorParameters<typeof VirtioBalloon>[0]) =>
    new VirtioBalloon(host, state, {
      discard: (ram) => {
        discarded.push([ram.byteOffset - (driver?.ram.offset ?? 0), ram.length]);
      },
      changed: () => said.push(orders.actual),
    });
  driver = new VirtioDriver(kind, device, { regions, ring });
  const { pci } = driver;
  const orders = new Balloon(pci, state, RAM_BYTES, (queue) => driver.kick(queue));
  driver.negotiate(features);
  driver.configWrite(pci.function.capabilityOffsets.at(-1)! + 2, 2, 0x8000);
  driver.writeTable(CONFIG_VECTOR, 77);
  driver.write(0x10, 2, CONFIG_VECTOR);
  const queues = [0, 1, 2].map((queue) => driver.queue(queue, 0x1000 * (queue + 1), 8));
  driver.driverOk();
  /** The driver names pages on a queue; whether the buffer came back. */
  const name = (queue: number, pages: readonly number[]): boolean => {
    new Uint32Array(driver.ram.buffer, driver.ram.offset + LIST, pages.length).set(pages);
    const head = queues[queue]!.add([{ gpa: LIST, length: 4 * pages.length }]);
    driver.kick(queue);
    return queues[queue]!.take().some(([id]) => id === head);
  };
  return { driver, orders, queues, discarded, said, name };
}

describe.each(RINGS)('virtio-balloon over %s rings', (kind) => {
  beforeEach(() => {
    ring = kind;
  });

  test('virtio 1.2 §5.5.6: num_pages is what the guest is to give, and a change is told by a configuration interrupt', () => {
    const { driver, orders } = balloon();
    expect(orders.active).toBe(true);
    expect(orders.target).toBe(RAM_BYTES);
    const generation = driver.read(0x15, 1);
    orders.aim(RAM_BYTES - 3 * 4096);
    expect(driver.read(0x2000, 4)).toBe(3);
    expect(driver.read(0x15, 1)).not.toBe(generation);
    expect(driver.messages).toEqual([77]);
    expect(orders.target).toBe(RAM_BYTES - 3 * 4096);
    orders.aim(10 * RAM_BYTES);
    expect(driver.read(0x2000, 4)).toBe(0);
  });

  test('virtio 1.2 §5.5.6.1: pages named on the inflate queue go back to the host, those in a row at once', () => {
    const { discarded, name } = balloon();
    expect(name(INFLATE, [9, 5, 4, 6, 6, 20])).toBe(true);
    expect(discarded).toEqual([
      [4 * 4096, 3 * 4096],
      [9 * 4096, 4096],
      [20 * 4096, 4096],
    ]);
  });

  test('pages on both sides of a seam between two stretches of RAM', () => {
    const { discarded, name } = balloon([], [0, RAM_BYTES / 2]);
    name(INFLATE, [127, 128]);
    expect(discarded).toEqual([
      [127 * 4096, 4096],
      [128 * 4096, 4096],
    ]);
  });

  test('pages that are no RAM are passed over', () => {
    const { discarded, name, driver } = balloon();
    expect(name(INFLATE, [255, 256, 257, 0xffff_ffff, 3])).toBe(true);
    expect(discarded).toEqual([
      [3 * 4096, 4096],
      [255 * 4096, 4096],
    ]);
    expect(driver.status & 64).toBe(0);
  });

  test('virtio 1.2 §5.5.6.1: pages named on the deflate queue are the guest’s again, with nothing to do', () => {
    const { discarded, name } = balloon();
    expect(name(DEFLATE, [1, 2])).toBe(true);
    expect(discarded).toEqual([]);
  });

  test('virtio 1.2 §5.5.4: actual is the driver’s to write, num_pages is not', () => {
    const { driver, orders, said } = balloon();
    orders.aim(RAM_BYTES / 2);
    driver.write(0x2004, 4, 16);
    driver.write(0x2000, 4, 99);
    expect(orders.actual).toBe(RAM_BYTES - 16 * 4096);
    expect(said).toEqual([RAM_BYTES - 16 * 4096]);
    expect(driver.read(0x2000, 4)).toBe(128);
    driver.write(0x2004, 4, 0xffff_ffff);
    expect(orders.actual).toBe(0);
  });

  test('virtio 1.2 §5.5.6.3: the statistics’ buffer is kept, and given back when somebody wants new ones', () => {
    const { driver, orders, queues } = balloon();
    const statistics = queues[STATISTICS]!;
    const view = new DataView(driver.ram.buffer, driver.ram.offset + LIST, 64);
    const write = (free: bigint): void => {
      view.setUint16(0, 4, true);
      view.setBigUint64(2, free, true);
      view.setUint16(10, 999, true);
      statistics.add([{ gpa: LIST, length: 20 }]);
      driver.kick(STATISTICS);
    };
    expect(orders.facts()).toBeUndefined();
    write(5n << 32n);
    // Somebody wanted them before the driver was there.
    expect(statistics.take()).toHaveLength(1);
    write(7n);
    expect(statistics.take()).toEqual([]);
    expect(orders.facts()).toMatchObject({ free: 7 });
    expect(statistics.take()).toHaveLength(1);
    write((1n << 40n) + 1n);
    expect(orders.facts()).toMatchObject({ free: 2 ** 40 + 1 });
    expect(Object.keys(orders.facts()!)).toEqual(['free', 'atMs']);
  });

  test('without the statistics queue nothing is asked', () => {
    const { orders } = balloon([DEFLATE_ON_OOM]);
    expect(orders.facts()).toBeUndefined();
  });

  test('virtio 1.2 §5.5.5: a reset empties the balloon; the target stays', () => {
    const { driver, orders, said } = balloon();
    orders.aim(RAM_BYTES / 2);
    driver.write(0x2004, 4, 16);
    driver.write(0x14, 1, 0);
    expect(orders.active).toBe(false);
    expect(orders.actual).toBe(RAM_BYTES);
    expect(orders.target).toBe(RAM_BYTES / 2);
    expect(said).toEqual([RAM_BYTES - 16 * 4096, RAM_BYTES]);
    expect(driver.read(0x2000, 4)).toBe(128);
  });
});
