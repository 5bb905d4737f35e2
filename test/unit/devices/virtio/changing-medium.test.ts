import { describe, expect, test } from 'vitest';
import { VirtioBlk } from '../../../../src-main/devices/virtio/blk/virtio-blk.ts';
import { noMedium } from '../../../../src-main/storage/removable/no-medium.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { VirtioDriver } from '../../../support/virtio-driver.ts';

const CAPACITY = 0x2000;
const CONFIG_GENERATION = 0x15;
const CONFIG_VECTOR = 0x10;
const [HEADER, DATA, STATUS] = [0x6000, 0x8000, 0x7000];
const MSI = { config: 0x30, queue: 0x31 } as const;

/** A CD of so many sectors, each full of `byte`. */
function cd(sectors: number, byte: number, later = false): MemoryDisk {
  const disk = new MemoryDisk(sectors * 512, true, later);
  disk.bytes.fill(byte);
  return disk;
}

function drive(first: MemoryDisk | typeof noMedium) {
  let device!: VirtioBlk;
  const driver = new VirtioDriver({ type: 2, classCode: 0x01_8000, queueSizes: [128] }, (host) => {
    device = new VirtioBlk(host, first, { queues: 1, serial: 'cdrom0' });
    return device;
  });
  driver.negotiate();
  driver.writeTable(0, MSI.config);
  driver.writeTable(1, MSI.queue);
  driver.configWrite(driver.pci.function.capabilityOffsets.at(-1)! + 2, 2, 0x8000);
  driver.write(CONFIG_VECTOR, 2, 0);
  const queue = driver.splitQueue(0, 0x1000, 128, 1);
  const ask = (sector: number): void => {
    new DataView(driver.ram.bytes.buffer, driver.ram.offset).setBigUint64(HEADER + 8, BigInt(sector), true);
    driver.ram.bytes[STATUS] = 0xff;
    const data = { gpa: DATA, length: 512, writable: true };
    queue.add([{ gpa: HEADER, length: 16 }, data, { gpa: STATUS, length: 1, writable: true }]);
    driver.kick();
  };
  const read = (sector: number): [status: number, byte: number] => {
    ask(sector);
    queue.take();
    return [driver.ram.bytes[STATUS]!, driver.ram.bytes[DATA]!];
  };
  const capacity = () => driver.read(CAPACITY, 4);
  return { driver, device, queue, ask, read, capacity };
}

describe('a disk whose medium changes', () => {
  test('virtio 1.2 §5.2.5, §2.5.1: another capacity is another configuration, and an interrupt of its own', () => {
    const { driver, device, read, capacity } = drive(cd(64, 1));
    driver.driverOk();
    expect([capacity(), read(3)]).toEqual([64, [0, 1]]);
    const generation = driver.read(CONFIG_GENERATION, 1);
    driver.messages.length = 0;
    device.replace(cd(128, 2));
    expect(driver.messages).toEqual([MSI.config]);
    expect(driver.read(CONFIG_GENERATION, 1)).not.toBe(generation);
    expect([capacity(), read(100)]).toEqual([128, [0, 2]]);
  });

  test('no interrupt before DRIVER_OK: the driver reads the capacity when it comes', () => {
    const { driver, device, capacity } = drive(noMedium);
    device.replace(cd(8, 1));
    expect([driver.messages, capacity()]).toEqual([[], 8]);
  });

  test('an empty drive has no capacity and answers every read with an error, read-only as any CD', () => {
    const { driver, device, read, capacity } = drive(noMedium);
    driver.driverOk();
    expect([capacity(), read(0)[0]]).toEqual([0, 1]);
    driver.write(0x00, 4, 0);
    expect(driver.read(0x04, 4) & (1 << 5)).not.toBe(0);
    device.replace(cd(8, 7));
    expect(read(0)).toEqual([0, 7]);
    device.replace(noMedium);
    expect([capacity(), read(0)[0]]).toEqual([0, 1]);
  });

  test('what is under way is answered from the old medium, and signalled, before the new one is in', () => {
    const { driver, device, queue, ask, read } = drive(cd(64, 1, true));
    driver.driverOk();
    ask(0);
    expect(queue.take()).toEqual([]);
    driver.messages.length = 0;
    device.replace(cd(64, 2));
    expect([driver.ram.bytes[STATUS], driver.ram.bytes[DATA]]).toEqual([0, 1]);
    expect(queue.take()).toHaveLength(1);
    expect(driver.messages).toContain(MSI.queue);
    expect(read(0)).toEqual([0, 2]);
  });

  test('a reset that waited for requests of the old medium is done with them', () => {
    const { driver, device, ask } = drive(cd(64, 1, true));
    driver.driverOk();
    ask(0);
    driver.write(0x14, 1, 0);
    expect(driver.status).not.toBe(0);
    device.replace(cd(64, 2, true));
    driver.poll({ readable: true, writable: false });
    expect(driver.status).toBe(0);
  });
});
