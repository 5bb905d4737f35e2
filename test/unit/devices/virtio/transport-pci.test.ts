import { describe, expect, test } from 'vitest';
import type { VirtioDevice, VirtioHost } from '../../../../src-main/devices/virtio/endpoint.ts';
import { Chain } from '../../../../src-main/devices/virtio/queue/chain.ts';
import { VirtioDriver } from '../../../support/virtio-driver.ts';

/** A device that writes its queue's number into every writable byte. */
class Echo implements VirtioDevice {
  readonly features = [5];
  readonly config = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  readonly told: string[] = [];
  inFlight = 0;
  private readonly chain = new Chain(64);

  constructor(readonly host: VirtioHost) {}

  serve(index: number): boolean {
    const queue = this.host.queue(index);
    if (queue === undefined) return false;
    do {
      queue.disableNotify();
      while (queue.pop(this.chain)) {
        const answer = new Uint8Array(this.chain.writableBytes).fill(index + 1);
        queue.push(this.chain, this.chain.write(this.host.memory, 0, answer));
      }
    } while (queue.enableNotify());
    this.host.signal(index, queue);
    return false;
  }

  started(): void {
    this.told.push('started');
  }

  configWritten(config: Uint8Array): void {
    this.told.push(`config ${config[0]}`);
  }

  reset(): void {
    this.told.push('reset');
  }

  dispose(): void {}
}

const kind = { type: 63, classCode: 0xff_0000, queueSizes: [16, 8], writableConfig: [0, 2] } as const;

function setUp(options = {}): VirtioDriver & { readonly device: Echo } {
  const driver = new VirtioDriver(kind, (host) => new Echo(host), options);
  return Object.assign(driver, { device: driver.endpoint.device as Echo });
}

const BUFFER = 0x8000;

describe('virtio over PCI', () => {
  test('virtio 1.2 §4.1.2: vendor 0x1af4, device 0x1040 + type, revision 1, and INTA#', () => {
    const driver = setUp();
    expect(driver.configRead(0, 4)).toBe(0x107f_1af4);
    expect(driver.configRead(8, 4)).toBe(0xff00_0001);
    expect(driver.configRead(0x3d, 1)).toBe(1);
  });

  test('PCI 3.0 §6.2.5.1: a BAR written with ones tells its size; §6.2.2: without memory decoding nothing answers', () => {
    const driver = setUp();
    const before = driver.configRead(0x10, 4);
    driver.configWrite(0x10, 4, 0xffff_ffff);
    expect(driver.configRead(0x10, 4)).toBe(0xffff_c000);
    driver.configWrite(0x10, 4, before);
    expect(driver.read(0x12, 2)).toBe(0xffff);
    driver.enableMemory();
    expect(driver.read(0x12, 2)).toBe(2);
  });

  test('PCI 3.0 §3.2.2.3.2: ports 0xcf8 and 0xcfc reach the same registers as ECAM', () => {
    const { bus } = setUp();
    bus.configPorts.write(0, 4, 0x8000_1800);
    expect(bus.configPorts.read(4, 2)).toBe(0x1af4);
    expect(bus.configPorts.read(6, 2)).toBe(0x107f);
    bus.configPorts.write(0, 4, 0x8001_1800);
    expect(bus.configPorts.read(4, 4)).toBe(0xffff_ffff);
    bus.configPorts.write(0, 4, 0x0000_1800);
    expect(bus.configPorts.read(4, 4)).toBe(0xffff_ffff);
  });

  test('virtio 1.2 §4.1.4: five capabilities name common, notify, ISR, device and PCI access, then MSI-X', () => {
    const driver = setUp();
    const found: number[][] = [];
    for (let at = driver.configRead(0x34, 1); at !== 0; at = driver.configRead(at + 1, 1)) {
      const id = driver.configRead(at, 1);
      found.push(id === 9 ? [id, driver.configRead(at + 3, 1), driver.configRead(at + 8, 4)] : [id]);
    }
    expect(found).toEqual([[9, 1, 0], [9, 2, 0x3000], [9, 3, 0x1000], [9, 4, 0x2000], [9, 5, 0], [0x11]]);
  });

  test('virtio 1.2 §4.1.4.9: configuration space alone reads and writes the structures', () => {
    const driver = setUp();
    driver.enableMemory();
    let at = driver.configRead(0x34, 1);
    while (driver.configRead(at + 3, 1) !== 5) at = driver.configRead(at + 1, 1);
    driver.configWrite(at + 4, 1, 0);
    driver.configWrite(at + 8, 4, 0x12);
    driver.configWrite(at + 12, 4, 2);
    expect(driver.configRead(at + 16, 2)).toBe(2);
    driver.configWrite(at + 8, 4, 0x16);
    driver.configWrite(at + 16, 2, 1);
    expect(driver.read(0x16, 2)).toBe(1);
    driver.configWrite(at + 8, 4, 0xffff_fff0);
    driver.configWrite(at + 16, 4, 7);
  });

  test('virtio 1.2 §2.2, §6.1: FEATURES_OK needs VERSION_1 and nothing that was not offered', () => {
    expect(setUp().negotiate([5, 28, 29])).toBe(true);
    expect(setUp().negotiate([6])).toBe(false);
    const driver = setUp();
    driver.enableMemory();
    driver.write(0x14, 1, 0x0b);
    expect(driver.status).toBe(3);
  });

  test('virtio 1.2 §3.1.1: features cannot change after FEATURES_OK, nor a queue after it is enabled', () => {
    const driver = setUp();
    driver.negotiate();
    driver.write(0x08, 4, 0);
    driver.write(0x0c, 4, 0x20);
    expect(driver.read(0x0c, 4)).toBe(0);
    driver.splitQueue(0, 0x1000, 8);
    driver.write(0x18, 2, 4);
    driver.write(0x20, 4, 0x5000);
    expect([driver.read(0x18, 2), driver.read(0x20, 4)]).toEqual([8, 0x1000]);
  });

  test('virtio 1.2 §4.1.4.3.1: a queue that is not there has size 0; §2.7: sizes are powers of two up to the largest', () => {
    const driver = setUp();
    driver.negotiate();
    driver.write(0x16, 2, 2);
    expect(driver.read(0x18, 2)).toBe(0);
    driver.write(0x16, 2, 1);
    for (const refused of [0, 3, 16]) {
      driver.write(0x18, 2, refused);
      expect(driver.read(0x18, 2)).toBe(8);
    }
  });

  test('virtio 1.2 §2.8.10.1: a packed queue has any size up to the largest', () => {
    const driver = setUp({ ring: 'packed' });
    driver.negotiate();
    driver.write(0x16, 2, 1);
    for (const [written, kept] of [
      [3, 3],
      [0, 3],
      [9, 3],
      [7, 7],
    ] as const) {
      driver.write(0x18, 2, written);
      expect(driver.read(0x18, 2)).toBe(kept);
    }
  });

  test('virtio 1.2 §2.6: each queue’s doorbell has its own address, and its buffers come back used', () => {
    const driver = setUp();
    driver.negotiate();
    const queues = [driver.splitQueue(0, 0x1000, 16), driver.splitQueue(1, 0x2000, 8)];
    driver.driverOk();
    const head = queues[1]!.add([{ gpa: BUFFER, length: 10, writable: true }]);
    driver.kick(0);
    expect(queues[1]!.take()).toEqual([]);
    driver.kick(1);
    expect(queues[1]!.take()).toEqual([[head, 10]]);
    expect([...driver.ram.bytes.subarray(BUFFER, BUFFER + 11)]).toEqual([...new Array(10).fill(2), 0]);
    expect(driver.device.told.slice(-2)).toEqual(['config 1', 'started']);
  });

  test('virtio 1.2 §2.4: before DRIVER_OK and after a reset the device uses no buffers', () => {
    const driver = setUp();
    driver.negotiate();
    const early = driver.splitQueue(0, 0x1000, 16);
    early.add([{ gpa: BUFFER, length: 1, writable: true }]);
    driver.kick();
    expect(early.take()).toEqual([]);
    driver.driverOk();
    expect(early.take()).toHaveLength(1);
    driver.write(0x14, 1, 0);
    expect(driver.status).toBe(0);
    early.add([{ gpa: BUFFER, length: 1, writable: true }]);
    driver.kick();
    expect(early.take()).toEqual([]);
    driver.write(0x16, 2, 0);
    expect([driver.read(0x1c, 2), driver.read(0x20, 4)]).toEqual([0, 0]);
    expect(driver.device.told).toContain('reset');
  });

  test('virtio 1.2 §2.4.1: a reset with requests under way shows in the status when they are done', () => {
    const driver = setUp();
    driver.negotiate();
    driver.driverOk();
    driver.device.host.inFlight(1);
    driver.write(0x14, 1, 0);
    expect(driver.status).not.toBe(0);
    driver.device.host.inFlight(-1);
    driver.endpoint.changed();
    expect(driver.status).toBe(0);
  });

  test('virtio 1.2 §4.1.4.5: without MSI-X the ISR tells the cause, and reading it lowers the line', () => {
    const driver = setUp({ msix: false });
    driver.negotiate();
    const queue = driver.splitQueue(0, 0x1000, 16);
    driver.driverOk();
    queue.add([{ gpa: BUFFER, length: 1, writable: true }]);
    driver.kick();
    expect(driver.intx).toBe(true);
    expect(driver.configRead(0x06, 2) & 8).toBe(8);
    expect(driver.read(0x1000, 1)).toBe(1);
    expect([driver.intx, driver.read(0x1000, 1)]).toEqual([false, 0]);
    driver.device.host.changeConfig(Uint8Array.of(9));
    expect([driver.intx, driver.read(0x1000, 1), driver.read(0x2000, 1)]).toEqual([true, 2, 9]);
  });

  test('PCI 3.0 §6.2.2: INTx disable holds the line low, and enabling it shows what is pending', () => {
    const driver = setUp({ msix: false });
    driver.negotiate();
    driver.driverOk();
    driver.configWrite(0x04, 2, 0x0406);
    driver.device.host.changeConfig(Uint8Array.of(9));
    expect(driver.intx).toBe(false);
    driver.configWrite(0x04, 2, 0x0006);
    expect(driver.intx).toBe(true);
  });

  describe('MSI-X', () => {
    function withMsix() {
      const driver = setUp();
      let capability = driver.configRead(0x34, 1);
      while (driver.configRead(capability, 1) !== 0x11) capability = driver.configRead(capability + 1, 1);
      driver.negotiate();
      const control = (value: number) => driver.configWrite(capability + 2, 2, value);
      control(0x8000);
      driver.writeTable(0, 0x40);
      driver.writeTable(1, 0x41);
      driver.write(0x10, 2, 0);
      const queue = driver.splitQueue(0, 0x1000, 16, 1);
      driver.driverOk();
      const use = () => {
        queue.add([{ gpa: BUFFER, length: 1, writable: true }]);
        driver.kick();
      };
      return { driver, control, use };
    }

    test('virtio 1.2 §4.1.5.1.2: queues and configuration signal the vectors the driver named', () => {
      const { driver, use } = withMsix();
      use();
      driver.device.host.changeConfig(Uint8Array.of(1));
      expect(driver.messages).toEqual([0x41, 0x40]);
      expect(driver.intx).toBe(false);
    });

    test('virtio 1.2 §4.1.5.1.2.1: a vector beyond the table reads back as NO_VECTOR', () => {
      const { driver } = withMsix();
      driver.write(0x10, 2, 3);
      expect(driver.read(0x10, 2)).toBe(0xffff);
      driver.device.host.changeConfig(Uint8Array.of(1));
      expect(driver.messages).toEqual([]);
    });

    test('PCI 3.0 §6.8.2.9: a masked vector stays pending until it is unmasked, by itself or with the function', () => {
      const { driver, control, use } = withMsix();
      control(0xc000);
      use();
      use();
      expect(driver.messages).toEqual([]);
      control(0x8000);
      expect(driver.messages).toEqual([0x41]);
    });
  });

  test('virtio 1.2 §4.1.4.4: the doorbells move with the BAR, and are gone without memory decoding', () => {
    const driver = setUp();
    driver.enableMemory();
    driver.configWrite(0x04, 2, 0);
    driver.configWrite(0x10, 4, 0xe100_0000);
    driver.configWrite(0x04, 2, 2);
    expect(driver.doorbells).toEqual([
      [0, 0, 0xe001_b000],
      [1, 0, 0xe001_b004],
      [0, 0xe001_b000, 0],
      [1, 0xe001_b004, 0],
      [0, 0, 0xe100_3000],
      [1, 0, 0xe100_3004],
    ]);
  });

  test('virtio 1.2 §2.5: what the driver may write of the configuration reaches the device, the rest does not', () => {
    const driver = setUp();
    driver.negotiate();
    driver.driverOk();
    driver.write(0x2000, 1, 77);
    driver.write(0x2004, 1, 77);
    expect([driver.read(0x2000, 1), driver.read(0x2004, 1)]).toEqual([77, 5]);
    expect(driver.device.told.at(-1)).toBe('config 77');
  });
});
