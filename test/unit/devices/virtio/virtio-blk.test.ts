import { describe, expect, test } from 'vitest';
import { VirtioBlk } from '../../../../src-main/devices/virtio/blk/virtio-blk.ts';
import { RINGS } from '../../../support/driver-queue.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { RAM_BYTES, VirtioDriver } from '../../../support/virtio-driver.ts';

const BUFFER = 0x8000;

describe.each(RINGS)('virtio-blk over %s rings', (ring) => {
  const SECTORS = 64;

  function block({ readOnly = false, later = false } = {}) {
    const disk = new MemoryDisk(SECTORS * 512, readOnly, later);
    for (let i = 0; i < disk.bytes.length; i++) disk.bytes[i] = i >> 9;
    const driver = new VirtioDriver(
      { type: 2, classCode: 0x01_8000, queueSizes: [128] },
      (host) => new VirtioBlk(host, disk, { queues: 1, serial: 'serial-1' }),
      { ring },
    );
    driver.negotiate();
    const queue = driver.queue(0, 0x1000, 128);
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
