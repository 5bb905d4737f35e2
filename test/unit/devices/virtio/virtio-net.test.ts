import { beforeEach, describe, expect, test } from 'vitest';
import { Arena } from '../../../../src-main/base/shared-struct.ts';
import { addressText, placeNetReport } from '../../../../src-main/devices/virtio/net/net-report.ts';
import { VirtioNet } from '../../../../src-main/devices/virtio/net/virtio-net.ts';
import { type DriverQueue, RINGS, type RingKind } from '../../../support/driver-queue.ts';
import { MemoryCable } from '../../../support/memory-cable.ts';
import { VirtioDriver } from '../../../support/virtio-driver.ts';

const KIND = { type: 1, classCode: 0x02_0000, queueSizes: [256, 256] };
const MAC = '52:54:00:12:34:56';
const MRG_RXBUF = 15;
const HEADER = 12;
const RX_RINGS = 0x1000;
const TX_RINGS = 0x4000;
const BUFFERS = 0x2_0000;
const RECEIVEQ = 0;
const TRANSMITQ = 1;

interface Card {
  readonly driver: VirtioDriver;
  readonly cable: MemoryCable;
  readonly rx: DriverQueue;
  readonly tx: DriverQueue;
  readonly report: ReturnType<typeof placeNetReport>;
}

let ring: RingKind;

function card(features: readonly number[] = [MRG_RXBUF], cable = new MemoryCable()): Card {
  const report = placeNetReport(Arena.build(1 << 16), 'net0');
  const driver = new VirtioDriver(KIND, (host) => new VirtioNet(host, cable, MAC, report), { ring });
  expect(driver.negotiate(features)).toBe(true);
  const rx = driver.queue(RECEIVEQ, RX_RINGS, 16);
  const tx = driver.queue(TRANSMITQ, TX_RINGS, 16);
  driver.driverOk();
  return { driver, cable, rx, tx, report };
}

/** A frame with its header: `length` bytes counting up. */
const frameOf = (length: number): Uint8Array =>
  Uint8Array.from({ length: HEADER + length }, (_, i) => (i < HEADER ? 0 : i - HEADER));

/** The driver gives the device empty buffers and says so; their heads. */
const offers = ({ driver, rx }: Card, lengths: readonly number[], first = 0): number[] => {
  const heads = lengths.map((length, i) => rx.add([{ gpa: BUFFERS + (first + i) * 0x1000, length, writable: true }]));
  driver.kick(RECEIVEQ);
  return heads;
};

const arrives = ({ driver, cable }: Card, ...frames: readonly Uint8Array[]): void => {
  cable.arriving.push(...frames);
  driver.poll({ readable: true, writable: false });
};

describe.each(RINGS)('virtio-net over %s rings', (kind) => {
  beforeEach(() => {
    ring = kind;
  });

  test('virtio 1.2 §5.1.4: MAC address, link up, MTU', () => {
    const { driver } = card();
    const bytes = Array.from({ length: 6 }, (_, i) => driver.read(0x2000 + i, 1));
    expect(bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':')).toBe(MAC);
    expect(driver.read(0x2006, 2)).toBe(1);
    expect(driver.read(0x200a, 2)).toBe(1500);
  });

  test('virtio 1.2 §5.1.3: checksum and segmentation are offered as the back end has them, and told it once negotiated', () => {
    const offered = (cable: MemoryCable): number => {
      const { driver } = card([], cable);
      driver.write(0x00, 4, 0);
      return driver.read(0x04, 4) & 0xffff;
    };
    const plain = (1 << 3) | (1 << 5) | (1 << 15);
    const offloads = 0b11 | (1 << 7) | (1 << 8) | (1 << 11) | (1 << 12);
    expect(offered(new MemoryCable(false))).toBe(plain);
    expect(offered(new MemoryCable(true))).toBe(plain | offloads);
    const cable = new MemoryCable(true);
    card([1, 7, MRG_RXBUF], cable);
    expect(cable.accepted).toEqual({ checksum: true, tcp4: true, tcp6: false });
    card([7, 8], cable);
    expect(cable.accepted).toEqual({ checksum: false, tcp4: false, tcp6: false });
  });

  test('virtio 1.2 §5.1.6.2: a frame in pieces goes out whole, and its buffers come back', () => {
    const { driver, cable, tx, report } = card();
    const frame = frameOf(100);
    driver.ram.bytes.set(frame.subarray(0, 7), BUFFERS);
    driver.ram.bytes.set(frame.subarray(7, 50), BUFFERS + 0x1000);
    driver.ram.bytes.set(frame.subarray(50), BUFFERS + 0x2000);
    const head = tx.add([
      { gpa: BUFFERS, length: 7 },
      { gpa: BUFFERS + 0x1000, length: 43 },
      { gpa: BUFFERS + 0x2000, length: frame.length - 50 },
    ]);
    driver.kick(TRANSMITQ);
    expect(cable.sent).toEqual([frame]);
    expect(tx.take()).toEqual([[head, 0]]);
    expect(report.sentFrames).toBe(1);
    expect(report.sentBytes).toBe(100);
  });

  test('a chain that holds no frame is lost, and the next one goes out', () => {
    const { driver, cable, tx, report } = card();
    driver.ram.bytes.set(frameOf(60), BUFFERS);
    tx.add([{ gpa: BUFFERS, length: HEADER }]);
    tx.add([{ gpa: BUFFERS, length: HEADER + 60 }]);
    driver.kick(TRANSMITQ);
    expect(cable.sent).toEqual([frameOf(60)]);
    expect(tx.take()).toHaveLength(2);
    expect(report.dropped).toBe(1);
  });

  test('while the network is congested frames stay in the queue, and go out once it is not', () => {
    const { driver, cable, tx } = card();
    driver.ram.bytes.set(frameOf(60), BUFFERS);
    cable.stuck = true;
    for (let i = 0; i < 5; i++) tx.add([{ gpa: BUFFERS, length: HEADER + 60 }]);
    driver.kick(TRANSMITQ);
    expect(tx.take()).toHaveLength(1);
    expect(driver.watches.map(({ interest }) => interest)).toEqual([{ readable: false, writable: true }]);
    cable.stuck = false;
    driver.poll({ readable: false, writable: true });
    expect(cable.sent).toHaveLength(5);
    expect(tx.take()).toHaveLength(4);
    expect(driver.watches).toEqual([]);
  });

  test('virtio 1.2 §5.1.6.4: a frame larger than a buffer is in several, and num_buffers says in how many', () => {
    const one = card();
    const { driver, rx, report } = one;
    const heads = offers(one, [64, 64, 64, 64]);
    arrives(one, frameOf(150));
    expect(rx.take()).toEqual([
      [heads[0], 64],
      [heads[1], 64],
      [heads[2], HEADER + 150 - 128],
    ]);
    expect([...driver.ram.bytes.subarray(BUFFERS, BUFFERS + HEADER)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0]);
    const got = [0, 1, 2].flatMap((i) => [
      ...driver.ram.bytes.subarray(BUFFERS + i * 0x1000, BUFFERS + i * 0x1000 + 64),
    ]);
    expect(got.slice(HEADER, HEADER + 150)).toEqual([...frameOf(150).subarray(HEADER)]);
    // The fourth is there for the next one.
    arrives(one, frameOf(20));
    expect(rx.take()).toEqual([[heads[3], HEADER + 20]]);
    expect(report.receivedFrames).toBe(2);
    expect(report.receivedBytes).toBe(170);
  });

  test('the driver sees all buffers of a frame at once', () => {
    const one = card();
    const { rx } = one;
    const seen: number[] = [];
    offers(one, [64, 64, 64, 64]);
    const { store } = Atomics;
    Atomics.store = ((array: Uint32Array, index: number, value: number) => {
      const result = store(array, index, value);
      seen.push(rx.waiting);
      return result;
    }) as typeof Atomics.store;
    try {
      arrives(one, frameOf(200));
    } finally {
      Atomics.store = store;
    }
    expect(new Set(seen.filter((count) => count !== 0))).toEqual(new Set([4]));
  });

  test('a frame waits while buffers lack, and comes when the driver adds some', () => {
    const one = card();
    const { driver, cable, rx } = one;
    expect(driver.watches).toEqual([]);
    cable.arriving.push(frameOf(100));
    offers(one, [64]);
    expect(rx.take()).toEqual([]);
    expect(cable.arriving).toHaveLength(1);
    offers(one, [64], 1);
    expect(rx.take().map(([, written]) => written)).toEqual([64, HEADER + 100 - 64]);
    expect(driver.watches).toEqual([]);
    offers(one, [64], 2);
    expect(driver.watches.map(({ interest }) => interest)).toEqual([{ readable: true, writable: false }]);
  });

  test('without mergeable buffers a frame is in one, whose num_buffers is 1, or is lost', () => {
    const one = card([]);
    const { driver, rx, report } = one;
    offers(one, [128, 128]);
    arrives(one, frameOf(300), frameOf(100));
    expect(rx.take().map(([, written]) => written)).toEqual([HEADER + 100]);
    expect(driver.ram.bytes[BUFFERS + 10]).toBe(1);
    expect(report.dropped).toBe(1);
  });

  test('a reset in the middle of a frame loses that frame, and its buffers are nobody’s', () => {
    const one = card();
    const { driver, cable } = one;
    offers(one, [64]);
    arrives(one, frameOf(100));
    driver.write(0x14, 1, 0);
    expect(driver.watches).toEqual([]);
    expect(cable.arriving).toEqual([]);
    driver.ram.bytes.fill(0, RX_RINGS, RX_RINGS + 0x1000);
    driver.negotiate([MRG_RXBUF]);
    const again = driver.queue(RECEIVEQ, RX_RINGS, 16);
    driver.driverOk();
    const [head] = offers({ ...one, rx: again }, [256], 3);
    arrives(one, frameOf(100));
    expect(again.take()).toEqual([[head, HEADER + 100]]);
  });

  test('the guest’s address is what it says in ARP, or what a DHCP server gives its card', () => {
    const one = card();
    const { driver, tx, report } = one;
    const arp = frameOf(42).fill(0);
    arp.set([0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1], HEADER + 12);
    arp.set([10, 0, 2, 99], HEADER + 28);
    driver.ram.bytes.set(arp, BUFFERS);
    tx.add([{ gpa: BUFFERS, length: arp.length }]);
    driver.kick(TRANSMITQ);
    expect(addressText(report.guestAddress[0]!)).toBe('10.0.2.99');
    const offer = (mac: string): Uint8Array => {
      const frame = frameOf(300).fill(0);
      frame.set([0x08, 0x00, 0x45], HEADER + 12);
      frame[HEADER + 23] = 17;
      frame.set([0, 67, 0, 68], HEADER + 34);
      frame[HEADER + 42] = 2;
      frame.set([192, 168, 7, 5], HEADER + 42 + 16);
      frame.set(
        mac.split(':').map((byte) => Number.parseInt(byte, 16)),
        HEADER + 42 + 28,
      );
      return frame;
    };
    offers(one, [1024, 1024]);
    arrives(one, offer('52:54:00:00:00:01'));
    expect(addressText(report.guestAddress[0]!)).toBe('10.0.2.99');
    arrives(one, offer(MAC));
    expect(addressText(report.guestAddress[0]!)).toBe('192.168.7.5');
  });
});
