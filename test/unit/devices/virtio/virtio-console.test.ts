import { beforeEach, describe, expect, test } from 'vitest';
import { Arena } from '../../../../src-main/base/shared-struct.ts';
import { placeConsole } from '../../../../src-main/devices/virtio/console/console-state.ts';
import { VirtioConsole } from '../../../../src-main/devices/virtio/console/virtio-console.ts';
import { ConsolePorts } from '../../../../src-main/vmm/machine/console-ports.ts';
import { type DriverQueue, RINGS, type RingKind } from '../../../support/driver-queue.ts';
import { VirtioDriver } from '../../../support/virtio-driver.ts';

const NAMES = ['hvc0', 'agent', 'log'];
const QUEUES = 2 * NAMES.length + 2;
const KIND = { type: 3, classCode: 0xff_0000, queueSizes: new Array(QUEUES).fill(64) };
const EVENT = { DEVICE_READY: 0, DEVICE_ADD: 1, PORT_READY: 3, CONSOLE_PORT: 4, RESIZE: 5, PORT_OPEN: 6, PORT_NAME: 7 };
const BUFFERS = 0x2_0000;
const BUFFER_BYTES = 0x400;
const OUT = 0x8_0000;
const MULTIPORT = 1;
const AGENT = { rx: 4, tx: 5 };

let ring: RingKind;

/** A guest's driver with receive buffers in every queue that takes them, and the host's ends of its ports. */
class Guest {
  private readonly placed = placeConsole(Arena.build(1 << 20), 'console0', NAMES.length);
  readonly driver = new VirtioDriver(KIND, (host) => new VirtioConsole(host, this.placed, NAMES), { ring });
  readonly ports = new ConsolePorts(this.driver.pci, this.placed, (queue) => {
    this.driver.endpoint.serve(queue);
    while (this.driver.endpoint.turn());
  });
  private queues: DriverQueue[] = [];
  /** Buffers given so far, per queue. */
  private readonly offered = new Array<number>(QUEUES).fill(0);
  private readonly view = new DataView(this.driver.ram.buffer, this.driver.ram.offset, this.driver.ram.bytes.length);

  constructor(features: readonly number[] = [0, MULTIPORT]) {
    this.start(features);
  }

  start(features: readonly number[]): void {
    this.driver.ram.bytes.fill(0, 0x1000, 0x1000 + QUEUES * 0x800);
    expect(this.driver.negotiate(features)).toBe(true);
    const queues = features.includes(MULTIPORT) ? QUEUES : 2;
    this.queues = Array.from({ length: queues }, (_, index) => this.driver.queue(index, 0x1000 + index * 0x800, 16));
    this.driver.driverOk();
    this.offered.fill(0);
    for (const index of [0, 2, 4, 6]) if (index < queues) for (let i = 0; i < 8; i++) this.offer(index);
  }

  offer(index: number, length = 64): void {
    const queue = this.queues[index]!;
    const gpa = BUFFERS + index * 0x4000 + (this.offered[index]! % 16) * BUFFER_BYTES;
    this.offered[index]!++;
    queue.add([{ gpa, length, writable: true }]);
    this.driver.kick(index);
  }
  /** What has come in queue `index`, buffer by buffer. */
  received(index: number): Buffer[] {
    return this.queues[index]!.take().map(([head, written]) => {
      const at = BUFFERS + index * 0x4000 + head * BUFFER_BYTES;
      return Buffer.from(this.driver.ram.bytes.subarray(at, at + written));
    });
  }

  /** [port, event, value, the rest] of control messages. */
  controls(): [number, number, number, string][] {
    const messages: Buffer[] = [];
    for (let more = this.received(2); more.length > 0; more = this.received(2)) {
      messages.push(...more);
      for (const _ of more) this.offer(2);
    }
    return messages.map((message) => [
      message.readUInt32LE(0),
      message.readUInt16LE(4),
      message.readUInt16LE(6),
      message.subarray(8).toString('latin1'),
    ]);
  }

  tell(port: number, event: number, value = 1, length = 8): void {
    this.view.setUint32(OUT, port, true);
    this.view.setUint16(OUT + 4, event, true);
    this.view.setUint16(OUT + 6, value, true);
    const head = this.queues[3]!.add([{ gpa: OUT, length }]);
    this.driver.kick(3);
    expect(this.queues[3]!.take()).toEqual([[head, 0]]);
  }

  /** As Linux does when it finds the device. */
  arrive(): void {
    this.tell(0xffff_ffff, EVENT.DEVICE_READY);
    this.controls();
    for (const port of NAMES.keys()) this.tell(port, EVENT.PORT_READY);
  }

  print(index: number, text: string): boolean {
    this.driver.ram.bytes.set(Buffer.from(text), OUT);
    this.queues[index]!.add([{ gpa: OUT, length: text.length }]);
    this.driver.kick(index);
    return this.queues[index]!.take().length === 1;
  }

  back(index: number): number {
    return this.queues[index]!.take().length;
  }

  /** What has been printed at a port. */
  printed(port: number): string {
    const bytes = new Uint8Array(1 << 20);
    const count = this.ports.ends[port]!.output.shiftInto(bytes);
    this.ports.ends[port]!.drained();
    return Buffer.from(bytes.subarray(0, count)).toString();
  }
}

describe.each(RINGS)('virtio-console over %s rings', (kind) => {
  beforeEach(() => {
    ring = kind;
  });

  test('virtio 1.2 §5.3.4: a size, and as many ports as there are', () => {
    const { driver } = new Guest();
    expect([driver.read(0x2000, 2), driver.read(0x2002, 2), driver.read(0x2004, 4)]).toEqual([80, 24, 3]);
  });

  test('virtio 1.2 §5.3.6.2: every port is added, then named or made the console, and open', () => {
    const guest = new Guest();
    guest.tell(0xffff_ffff, EVENT.DEVICE_READY);
    expect(guest.controls()).toEqual(NAMES.map((_, port) => [port, EVENT.DEVICE_ADD, 1, '']));
    for (const port of NAMES.keys()) guest.tell(port, EVENT.PORT_READY);
    expect(guest.controls().sort(([a], [b]) => a - b)).toEqual([
      [0, EVENT.CONSOLE_PORT, 1, ''],
      [0, EVENT.PORT_OPEN, 1, ''],
      [1, EVENT.PORT_NAME, 1, 'agent'],
      [1, EVENT.PORT_OPEN, 1, ''],
      [2, EVENT.PORT_NAME, 1, 'log'],
      [2, EVENT.PORT_OPEN, 1, ''],
    ]);
  });

  test('virtio 1.2 §5.3.6: what is printed at a port comes out of it, and only there', () => {
    const guest = new Guest();
    guest.arrive();
    expect(guest.print(1, 'console')).toBe(true);
    expect(guest.print(AGENT.tx, 'agent')).toBe(true);
    expect(NAMES.map((_, port) => guest.printed(port))).toEqual(['console', 'agent', '']);
  });

  test('virtio 1.2 §5.3.6: what is typed before a program has the port open waits for it', () => {
    const guest = new Guest();
    guest.arrive();
    expect(guest.ports.ends[1]!.type(Buffer.from('early'))).toBe(5);
    expect(guest.received(AGENT.rx)).toEqual([]);
    guest.tell(1, EVENT.PORT_OPEN);
    expect(Buffer.concat(guest.received(AGENT.rx)).toString()).toBe('early');
    guest.ports.ends[1]!.type(Buffer.from('later'));
    expect(Buffer.concat(guest.received(AGENT.rx)).toString()).toBe('later');
    guest.tell(1, EVENT.PORT_OPEN, 0);
    guest.ports.ends[1]!.type(Buffer.from('closed'));
    expect(guest.received(AGENT.rx)).toEqual([]);
  });

  test('typed bytes that find no buffers wait for some; more than the ring has are not taken', () => {
    const guest = new Guest();
    guest.arrive();
    guest.tell(1, EVENT.PORT_OPEN);
    expect(guest.ports.ends[1]!.type(Buffer.alloc(10_000, 'x'))).toBe(4096);
    expect(Buffer.concat(guest.received(AGENT.rx))).toHaveLength(8 * 64);
    guest.offer(AGENT.rx);
    expect(Buffer.concat(guest.received(AGENT.rx))).toHaveLength(64);
  });

  test('while nobody takes what is printed, the guest waits; then it goes on where it was', () => {
    const guest = new Guest();
    guest.arrive();
    const text = Array.from({ length: 30_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
    expect([0, 1, 2].map(() => guest.print(1, text))).toEqual([true, true, false]);
    const first = guest.printed(0);
    expect(first).toHaveLength(65_536);
    expect(guest.back(1)).toBe(1);
    expect(first + guest.printed(0)).toBe(text.repeat(3));
  });

  test('virtio 1.2 §5.3.6.2: the console’s size is told when it changes, and to a guest that comes later', () => {
    const guest = new Guest();
    guest.ports.resize(132, 43);
    expect([guest.driver.read(0x2000, 2), guest.driver.read(0x2002, 2)]).toEqual([132, 43]);
    guest.arrive();
    expect(guest.controls()).toContainEqual([0, EVENT.RESIZE, 0, String.fromCharCode(132, 0, 43, 0)]);
    guest.ports.resize(300, 50);
    expect(guest.controls().at(-1)).toEqual([0, EVENT.RESIZE, 0, String.fromCharCode(44, 1, 50, 0)]);
  });

  test('virtio 1.2 §5.3.3: without MULTIPORT there is one port, open from the start', () => {
    const guest = new Guest([0]);
    expect(guest.print(1, 'plain')).toBe(true);
    guest.ports.ends[0]!.type(Buffer.from('typed'));
    expect(Buffer.concat(guest.received(0)).toString()).toBe('typed');
    expect(guest.printed(0)).toBe('plain');
  });

  test('control messages that make no sense change nothing, however many they are', () => {
    const guest = new Guest();
    guest.arrive();
    guest.controls();
    for (const [port, event, value] of [
      [3, EVENT.PORT_READY, 1],
      [0xffff_ffff, EVENT.PORT_OPEN, 1],
      [0, 99, 1],
      [1, EVENT.RESIZE, 1],
      [0, EVENT.DEVICE_READY, 0],
    ] as const) {
      for (let i = 0; i < 10; i++) guest.tell(port, event, value);
    }
    guest.tell(1, EVENT.PORT_READY, 1, 7);
    expect(guest.controls()).toEqual([]);
    for (let i = 0; i < 100; i++) guest.tell(1, EVENT.PORT_READY);
    expect(guest.controls().every(([port]) => port === 1)).toBe(true);
  });

  test('virtio 1.2 §2.4: after a reset the ports are introduced anew, and what was typed is still there', () => {
    const guest = new Guest();
    guest.arrive();
    guest.ports.ends[1]!.type(Buffer.from('kept'));
    guest.driver.write(0x14, 1, 0);
    guest.start([0, MULTIPORT]);
    guest.arrive();
    guest.tell(1, EVENT.PORT_OPEN);
    expect(Buffer.concat(guest.received(AGENT.rx)).toString()).toBe('kept');
  });
});
