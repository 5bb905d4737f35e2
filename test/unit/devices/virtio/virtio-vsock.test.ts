import { beforeEach, describe, expect, test } from 'vitest';
import { VirtioVsock } from '../../../../src-main/devices/virtio/vsock/virtio-vsock.ts';
import { type DriverQueue, RINGS, type RingKind } from '../../../support/driver-queue.ts';
import { MemoryPorts, type MemoryStream } from '../../../support/memory-ports.ts';
import { VirtioDriver } from '../../../support/virtio-driver.ts';

const KIND = { type: 19, classCode: 0xff_0000, queueSizes: [256, 256, 256] };
const CID = 42;
const HOST = 2;
const HEADER = 44;
const RX_BUFFERS = 0x2_0000;
const RX_BYTES = 4096;
const TX_BUFFER = 0x8_0000;
const BUF_ALLOC = 128 * 1024;
const OP = { REQUEST: 1, RESPONSE: 2, RST: 3, SHUTDOWN: 4, RW: 5, CREDIT_UPDATE: 6, CREDIT_REQUEST: 7 };
const LISTENING = 7;

interface Packet {
  readonly srcCid?: number;
  readonly dstCid?: number;
  readonly srcPort?: number;
  readonly dstPort?: number;
  readonly len?: number;
  readonly type?: number;
  readonly op: number;
  readonly flags?: number;
  readonly bufAlloc?: number;
  readonly fwdCnt?: number;
  readonly data?: string | Buffer;
}

let ring: RingKind;

/** A guest's driver, with 16 receive buffers; ports 1 of the guest's and 7 of the host's unless said otherwise. */
class Guest {
  readonly ports = new MemoryPorts([LISTENING]);
  readonly driver = new VirtioDriver(KIND, (host) => new VirtioVsock(host, this.ports, CID), { ring });
  private rx!: DriverQueue;
  private tx!: DriverQueue;
  private readonly view = new DataView(this.driver.ram.buffer, this.driver.ram.offset, this.driver.ram.bytes.length);

  constructor(private readonly buffers = 16) {
    this.start();
  }

  start(): void {
    this.driver.ram.bytes.fill(0, 0x1000, 0x8000);
    expect(this.driver.negotiate([0])).toBe(true);
    this.rx = this.driver.queue(0, 0x1000, 16);
    this.tx = this.driver.queue(1, 0x2000, 16);
    this.driver.queue(2, 0x3000, 16);
    this.driver.driverOk();
    for (let i = 0; i < this.buffers; i++) this.offer(i);
    this.driver.kick(0);
  }

  send({ srcPort = 1, dstPort = LISTENING, data = '', type = 1, op, ...rest }: Packet): void {
    const bytes = Buffer.from(data);
    this.view.setBigUint64(TX_BUFFER, BigInt(rest.srcCid ?? CID), true);
    this.view.setBigUint64(TX_BUFFER + 8, BigInt(rest.dstCid ?? HOST), true);
    const { len = bytes.length, flags = 0, bufAlloc = 0x1_0000, fwdCnt = 0 } = rest;
    for (const [at, value] of [
      [16, srcPort],
      [20, dstPort],
      [24, len],
      [28, type | (op << 16)],
      [32, flags],
      [36, bufAlloc],
      [40, fwdCnt],
    ] as const) {
      this.view.setUint32(TX_BUFFER + at, value, true);
    }
    this.driver.ram.bytes.set(bytes, TX_BUFFER + HEADER);
    this.tx.add([{ gpa: TX_BUFFER, length: HEADER + bytes.length }]);
    this.driver.kick(1);
    expect(this.tx.take()).toHaveLength(1);
  }

  /** Packets that have come since last asked, in short; their buffers go back. */
  received(): { op: number; hostPort: number; guestPort: number; flags: number; fwdCnt: number; data: string }[] {
    const packets = this.rx.take().map(([head, written]) => {
      const at = RX_BUFFERS + head * RX_BYTES;
      expect(written).toBe(HEADER + this.view.getUint32(at + 24, true));
      expect(this.view.getBigUint64(at + 8, true)).toBe(BigInt(CID));
      const data = Buffer.from(this.driver.ram.bytes.subarray(at + HEADER, at + written)).toString();
      const word = (offset: number): number => this.view.getUint32(at + offset, true);
      const packet = {
        op: word(28) >>> 16,
        hostPort: word(16),
        guestPort: word(20),
        flags: word(32),
        fwdCnt: word(40),
      };
      if (packet.op !== OP.RST) expect(word(36)).toBe(BUF_ALLOC);
      return { ...packet, data };
    });
    for (let i = 0; i < packets.length; i++) this.offer(0);
    this.driver.kick(0);
    return packets;
  }

  get ops(): number[] {
    return this.received().map(({ op }) => op);
  }

  /** The guest connects to the host's port 7. */
  connected(credit = 0x1_0000): MemoryStream {
    this.send({ op: OP.REQUEST, bufAlloc: credit });
    expect(this.ops).toEqual([OP.RESPONSE]);
    return this.ports.streams.at(-1)!;
  }

  /** Host programs have done something. */
  hostActs(): void {
    this.driver.poll({ readable: true, writable: false });
  }

  hostTakes(): void {
    this.driver.poll({ readable: false, writable: true });
  }

  hangsUp(stream: MemoryStream): void {
    stream.hungUp = true;
    for (const { fd, ready } of [...this.driver.watches])
      if (fd === stream.fd) ready({ readable: true, writable: true });
    while (this.driver.endpoint.turn());
  }

  private next = 0;
  private offer(_: number): void {
    const head = this.next++ % 16;
    this.rx.add([{ gpa: RX_BUFFERS + head * RX_BYTES, length: RX_BYTES, writable: true }]);
  }
}

describe.each(RINGS)('virtio-vsock over %s rings', (kind) => {
  beforeEach(() => {
    ring = kind;
  });

  test('virtio 1.2 §5.10.4: the configuration is the guest’s CID, of 64 bits', () => {
    const { driver } = new Guest();
    expect([driver.read(0x2000, 4), driver.read(0x2004, 4)]).toEqual([CID, 0]);
  });

  test('virtio 1.2 §5.10.6: the guest connects to who listens on the host, and data goes both ways', () => {
    const guest = new Guest();
    const stream = guest.connected();
    guest.send({ op: OP.RW, data: 'to the host' });
    expect(stream.text).toBe('to the host');
    stream.say('to the guest');
    guest.hostActs();
    expect(guest.received()).toEqual([
      { op: OP.RW, hostPort: LISTENING, guestPort: 1, flags: 0, fwdCnt: 11, data: 'to the guest' },
    ]);
  });

  test('virtio 1.2 §5.10.6: the host connects to a port of the guest’s, and is told once the guest has answered', () => {
    const guest = new Guest();
    const caller = guest.ports.call(1234);
    guest.hostActs();
    guest.hostActs();
    const [request] = guest.received();
    expect(request).toMatchObject({ op: OP.REQUEST, guestPort: 1234 });
    expect(caller.text).toBe('');
    guest.send({ op: OP.RESPONSE, srcPort: 1234, dstPort: request!.hostPort });
    expect(caller.text).toBe(`OK ${request!.hostPort}\n`);
    guest.send({ op: OP.RW, srcPort: 1234, dstPort: request!.hostPort, data: 'here' });
    expect(caller.text).toBe(`OK ${request!.hostPort}\nhere`);
  });

  test('virtio 1.2 §5.10.6: a caller the guest refuses, or that leaves before the answer, is nobody any more', () => {
    const guest = new Guest();
    for (const leaves of [false, true]) {
      const caller = guest.ports.call(1234);
      guest.hostActs();
      guest.hostActs();
      const { hostPort } = guest.received()[0]!;
      if (leaves) {
        guest.hangsUp(caller);
        expect(guest.ops).toEqual([OP.RST]);
      } else {
        guest.send({ op: OP.RST, srcPort: 1234, dstPort: hostPort });
        expect(guest.ops).toEqual([]);
      }
      expect(caller.disposed).toBe(true);
      expect(caller.text).toBe('');
    }
  });

  test('virtio 1.2 §5.10.6.4: RST answers what nobody listens for, unknown types, unknown CIDs, and packets of no connection; never a RST', () => {
    const guest = new Guest();
    guest.send({ op: OP.REQUEST, dstPort: 8 });
    guest.send({ op: OP.REQUEST, type: 2 });
    guest.send({ op: OP.REQUEST, dstCid: 5 });
    guest.send({ op: OP.RW, data: 'x' });
    guest.send({ op: 99 });
    expect(guest.ops).toEqual(new Array(5).fill(OP.RST));
    guest.send({ op: OP.RST });
    guest.send({ op: OP.REQUEST, srcCid: 43 });
    expect(guest.ops).toEqual([]);
    expect(guest.ports.streams).toEqual([]);
  });

  test.each([
    ['data beyond its descriptors', { op: OP.RW, len: 100, data: 'short' }],
    ['a second request', { op: OP.REQUEST }],
    ['an answer to no request', { op: OP.RESPONSE }],
    ['an unknown operation', { op: 0 }],
    ['a RST', { op: OP.RST }],
  ])('virtio 1.2 §5.10.6: %s ends the connection and nothing else', (_, packet) => {
    const guest = new Guest();
    const stream = guest.connected();
    guest.send(packet);
    expect(guest.ops).toEqual(packet.op === OP.RST ? [] : [OP.RST]);
    expect(stream.disposed).toBe(true);
    guest.connected();
  });

  test('virtio 1.2 §5.10.6.3: the guest gets no more than it has room for, and is asked for credit once', () => {
    const guest = new Guest();
    const stream = guest.connected(10);
    stream.say('0123456789abcdef');
    guest.hostActs();
    expect(guest.received().map(({ op, data }) => [op, data])).toEqual([
      [OP.RW, '0123456789'],
      [OP.CREDIT_REQUEST, ''],
    ]);
    guest.send({ op: OP.CREDIT_UPDATE, bufAlloc: 10, fwdCnt: 4 });
    expect(guest.received().map(({ op, data }) => [op, data])).toEqual([
      [OP.RW, 'abcd'],
      [OP.CREDIT_REQUEST, ''],
    ]);
    // More forwarded than was sent: nonsense, and no credit.
    guest.send({ op: OP.CREDIT_UPDATE, bufAlloc: 10, fwdCnt: 1000 });
    expect(guest.ops).toEqual([]);
  });

  test('virtio 1.2 §5.10.6.3: credit comes back as the host takes bytes; beyond it the connection ends', () => {
    const guest = new Guest();
    const stream = guest.connected();
    stream.stuck = true;
    const half = Buffer.alloc(BUF_ALLOC / 2, 'x');
    guest.send({ op: OP.RW, data: half });
    guest.send({ op: OP.RW, data: half });
    expect(guest.ops).toEqual([]);
    guest.send({ op: OP.CREDIT_REQUEST });
    expect(guest.received()).toMatchObject([{ op: OP.CREDIT_UPDATE, fwdCnt: 0 }]);
    stream.stuck = false;
    guest.hostTakes();
    expect(stream.taken).toHaveLength(BUF_ALLOC);
    expect(guest.received()).toMatchObject([{ op: OP.CREDIT_UPDATE, fwdCnt: BUF_ALLOC }]);
    stream.stuck = true;
    for (let i = 0; i < 2; i++) guest.send({ op: OP.RW, data: half });
    guest.send({ op: OP.RW, data: 'y' });
    expect(guest.ops).toEqual([OP.RST]);
    expect(stream.disposed).toBe(true);
  });

  test('virtio 1.2 §5.10.6.6: a guest that sends no more still receives; one that does neither is answered with RST once all is handed on', () => {
    const guest = new Guest();
    const stream = guest.connected();
    guest.send({ op: OP.SHUTDOWN, flags: 2 });
    expect([stream.sendingEnded, stream.receivingEnded]).toEqual([true, false]);
    stream.say('answer');
    guest.hostActs();
    expect(guest.received()).toMatchObject([{ op: OP.RW, data: 'answer' }]);
    guest.send({ op: OP.SHUTDOWN, flags: 1 });
    expect(guest.ops).toEqual([OP.RST]);

    const slow = guest.connected();
    slow.stuck = true;
    guest.send({ op: OP.RW, data: 'last words' });
    guest.send({ op: OP.SHUTDOWN, flags: 3 });
    expect(guest.ops).toEqual([]);
    // Linux waits eight seconds for the RST, and then sends one itself.
    guest.send({ op: OP.RST });
    slow.stuck = false;
    guest.hostTakes();
    expect(slow.text).toBe('last words');
    expect(slow.disposed).toBe(true);
    expect(guest.ops).toEqual([]);
  });

  test('virtio 1.2 §5.10.6.6: a host program that ends its stream, and one that goes away', () => {
    const guest = new Guest();
    const quiet = guest.connected();
    quiet.say('bye');
    quiet.silent = true;
    guest.hostActs();
    expect(guest.received()).toMatchObject([
      { op: OP.RW, data: 'bye' },
      { op: OP.SHUTDOWN, flags: 2 },
    ]);
    guest.send({ op: OP.RW, data: 'still here' });
    expect(quiet.text).toBe('still here');
    guest.send({ op: OP.SHUTDOWN, flags: 3 });
    expect(guest.ops).toEqual([OP.RST]);

    const gone = guest.connected();
    gone.say('and so on');
    guest.hangsUp(gone);
    expect(guest.received()).toMatchObject([
      { op: OP.RW, data: 'and so on' },
      { op: OP.SHUTDOWN, flags: 3 },
    ]);
    expect(gone.disposed).toBe(true);
    guest.send({ op: OP.RW, data: 'into the void' });
    guest.send({ op: OP.SHUTDOWN, flags: 3 });
    expect(guest.ops).toEqual([OP.RST]);
  });

  test('virtio 1.2 §5.10.6.1: while the guest takes no answers, no more is taken of it', () => {
    const guest = new Guest(0);
    for (let i = 0; i < 256; i++) guest.send({ op: OP.RW, data: 'x' });
    expect(() => guest.send({ op: OP.RW, data: 'x' })).toThrow();
  });

  test('virtio 1.2 §2.4: a reset ends every connection, and the guest begins anew', () => {
    const guest = new Guest();
    const stream = guest.connected();
    guest.start();
    expect(stream.disposed).toBe(true);
    expect(guest.driver.watches.map(({ fd }) => fd)).toEqual([guest.ports.fd]);
    guest.connected();
  });

  test('callers of a guest without a driver are sent away, and what there is room for is bounded', () => {
    const guest = new Guest();
    for (let i = 0; i < 600; i++) guest.ports.call(9);
    guest.hostActs();
    expect(guest.ports.calling).toHaveLength(600 - 512);
    guest.send({ op: OP.REQUEST });
    expect(guest.ops.at(-1)).toBe(OP.RST);
    guest.driver.write(0x14, 1, 0);
    guest.hostActs();
    guest.hostActs();
    guest.hostActs();
    expect(guest.ports.streams.every(({ disposed }) => disposed)).toBe(true);
  });
});
