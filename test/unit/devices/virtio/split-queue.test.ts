import { describe, expect, test } from 'vitest';
import { VirtioBlk } from '../../../../src-main/devices/virtio/blk/virtio-blk.ts';
import { RNG_QUEUE_SIZE, VirtioRng } from '../../../../src-main/devices/virtio/rng/virtio-rng.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { RAM_BYTES, VirtioDriver } from '../../../support/virtio-driver.ts';

const kind = { type: 4, classCode: 0xff_0000, queueSizes: [RNG_QUEUE_SIZE] };
const [INDIRECT, EVENT] = [28, 29];
const BUFFER = 0x8000;

function entropy(features: readonly number[] = [], size = 8, regions = [0]) {
  const driver = new VirtioDriver(kind, (host) => new VirtioRng(host), { msix: false, regions });
  driver.negotiate(features);
  const queue = driver.splitQueue(0, 0x1000, size);
  driver.driverOk();
  return { driver, queue };
}
const buffer = (length = 16, gpa = BUFFER) => [{ gpa, length, writable: true }];
const needsReset = (driver: VirtioDriver): boolean => (driver.status & 64) !== 0;

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
    expect(queue.take()).toEqual([]);
    expect(needsReset(driver)).toBe(true);
    expect(driver.read(0x1000, 1)).toBe(2);
    driver.negotiate();
    driver.ram.bytes.fill(0, 0x1000, 0x2000);
    const again = driver.splitQueue(0, 0x1000, 8);
    driver.driverOk();
    again.add(buffer());
    driver.kick();
    expect(again.take()).toHaveLength(1);
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
    const driver = new VirtioDriver(kind, (host) => new VirtioRng(host));
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

describe('the block device over a split queue', () => {
  const SECTORS = 64;

  function block({ readOnly = false, later = false } = {}) {
    const disk = new MemoryDisk(SECTORS * 512, readOnly, later);
    for (let i = 0; i < disk.bytes.length; i++) disk.bytes[i] = i >> 9;
    const driver = new VirtioDriver(
      { type: 2, classCode: 0x01_8000, queueSizes: [128] },
      (host) => new VirtioBlk(host, disk, { queues: 1, serial: 'serial-1' }),
    );
    driver.negotiate();
    const queue = driver.splitQueue(0, 0x1000, 128);
    driver.driverOk();
    const view = new DataView(driver.ram.bytes.buffer, driver.ram.offset, RAM_BYTES);
    const request = (type: number, sector: number, data: { gpa: number; length: number; writable?: boolean }[]) => {
      view.setUint32(0x6000, type, true);
      view.setBigUint64(0x6008, BigInt(sector), true);
      driver.ram.bytes[0x7000] = 0xff;
      queue.add([{ gpa: 0x6000, length: 16 }, ...data, { gpa: 0x7000, length: 1, writable: true }]);
      driver.kick();
      return { status: driver.ram.bytes[0x7000], used: queue.take().map(([, written]) => written) };
    };
    return { disk, driver, queue, request, view };
  }

  test('virtio 1.2 §5.2.4: capacity in sectors, block size, segments', () => {
    const { driver } = block();
    expect([driver.read(0x2000, 4), driver.read(0x2014, 4), driver.read(0x200c, 4)]).toEqual([SECTORS, 512, 126]);
  });

  test('virtio 1.2 §5.2.6: read, write and flush', () => {
    const { disk, driver, request } = block();
    const into = [
      { gpa: BUFFER, length: 100, writable: true },
      { gpa: 0x9000, length: 924, writable: true },
    ];
    expect(request(0, 3, into)).toEqual({ status: 0, used: [1025] });
    expect([driver.ram.bytes[BUFFER], driver.ram.bytes[0x9000 + 923]]).toEqual([3, 4]);
    driver.ram.bytes.fill(9, 0xa000, 0xa200);
    expect(request(1, 5, [{ gpa: 0xa000, length: 512 }])).toEqual({ status: 0, used: [1] });
    expect([disk.bytes[5 * 512 - 1], disk.bytes[5 * 512], disk.bytes[6 * 512]]).toEqual([4, 9, 6]);
    expect(request(4, 0, [])).toEqual({ status: 0, used: [1] });
    expect(disk.log).toEqual(['read 1536+1024', 'write 2560+512', 'flush 0+0']);
  });

  test('virtio 1.2 §5.2.6: GET_ID answers the serial number', () => {
    const { driver, request } = block();
    expect(request(8, 0, [{ gpa: BUFFER, length: 20, writable: true }])).toEqual({ status: 0, used: [21] });
    expect(Buffer.from(driver.ram.bytes.slice(BUFFER, BUFFER + 20)).toString()).toBe(`serial-1${'\0'.repeat(12)}`);
  });

  test('virtio 1.2 §5.2.6.2: discard and write zeroes take one range', () => {
    const { disk, request, view } = block();
    view.setBigUint64(BUFFER, 2n, true);
    view.setUint32(BUFFER + 8, 3, true);
    view.setUint32(BUFFER + 12, 0, true);
    expect(request(11, 0, [{ gpa: BUFFER, length: 16 }]).status).toBe(0);
    view.setUint32(BUFFER + 12, 1, true);
    expect(request(13, 0, [{ gpa: BUFFER, length: 16 }]).status).toBe(0);
    expect(request(11, 0, [{ gpa: BUFFER, length: 16 }]).status).toBe(2);
    expect(disk.log).toEqual(['discard 1024+1536', 'write-zeroes 1024+1536']);
  });

  test.each([
    ['beyond the end', 0, SECTORS, 512],
    ['across the end', 0, SECTORS - 1, 1024],
    ['at a sector beyond 2^53', 0, 2 ** 60, 512],
    ['of half a sector', 0, 0, 256],
    ['of nothing', 0, 0, 0],
  ])('virtio 1.2 §5.2.6.1: a read %s is an I/O error', (_what, type, sector, length) => {
    const { disk, request } = block();
    expect(request(type, sector, [{ gpa: BUFFER, length, writable: true }]).status).toBe(1);
    expect(disk.log).toEqual([]);
  });

  test('virtio 1.2 §5.2.6: a type nobody knows is unsupported', () => {
    expect(block().request(77, 0, []).status).toBe(2);
  });

  test('virtio 1.2 §5.2.5.1: a read-only disk says so and refuses writes', () => {
    const { disk, driver, request } = block({ readOnly: true });
    driver.write(0, 4, 0);
    expect(driver.read(4, 4) & (1 << 5)).toBe(1 << 5);
    expect(request(1, 0, [{ gpa: BUFFER, length: 512 }]).status).toBe(1);
    expect(disk.log).toEqual([]);
  });

  test('virtio 1.2 §2.4.1: a reset waits for the requests under way', () => {
    const { disk, driver, request } = block({ later: true });
    expect(request(0, 0, [{ gpa: BUFFER, length: 512, writable: true }])).toEqual({ status: 0xff, used: [] });
    driver.write(0x14, 1, 0);
    expect(driver.status).not.toBe(0);
    disk.reap();
    driver.endpoint.changed();
    expect(driver.status).toBe(0);
  });
});
