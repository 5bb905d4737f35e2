import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Arena } from '../../../../src-main/base/shared-struct.ts';
import { Virtio9p } from '../../../../src-main/devices/virtio/9p/virtio-9p.ts';
import { BALLOON, placeBalloon } from '../../../../src-main/devices/virtio/balloon/balloon-state.ts';
import { VirtioBalloon } from '../../../../src-main/devices/virtio/balloon/virtio-balloon.ts';
import { VirtioBlk } from '../../../../src-main/devices/virtio/blk/virtio-blk.ts';
import { placeConsole } from '../../../../src-main/devices/virtio/console/console-state.ts';
import { VirtioConsole } from '../../../../src-main/devices/virtio/console/virtio-console.ts';
import type { VirtioDevice, VirtioHost } from '../../../../src-main/devices/virtio/endpoint.ts';
import { placeNetReport } from '../../../../src-main/devices/virtio/net/net-report.ts';
import { VirtioNet } from '../../../../src-main/devices/virtio/net/virtio-net.ts';
import { VirtioRng } from '../../../../src-main/devices/virtio/rng/virtio-rng.ts';
import { VirtioVsock } from '../../../../src-main/devices/virtio/vsock/virtio-vsock.ts';
import { discardPages } from '../../../../src-main/linux/memory.ts';
import { NineServer } from '../../../../src-main/shares/nine-server.ts';
import { SharedFolder } from '../../../../src-main/shares/shared-folder.ts';
import { RINGS, type RingKind } from '../../../support/driver-queue.ts';
import { MemoryCable } from '../../../support/memory-cable.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { MemoryPorts } from '../../../support/memory-ports.ts';
import { SLOWNESS } from '../../../support/slowness.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { RAM_BYTES, VirtioDriver } from '../../../support/virtio-driver.ts';

const TABLES = 100_000;
/** Tables per fast-check case: setting a device up costs more than a table. */
const TABLES_PER_CASE = 50;
const SIZE = 8;
const RINGS_AT = 0x1000;
const RINGS_BYTES = 0x400;
const INDIRECT = 0x4000;

/** Addresses around everything that matters: RAM's ends, the rings themselves, the top of the address space. */
const address = fc.oneof(
  fc.integer({ min: 0, max: RAM_BYTES + 64 }),
  fc.constantFrom(0, RINGS_AT, RINGS_AT + 128, INDIRECT, RAM_BYTES - 1, RAM_BYTES, RAM_BYTES / 2 - 8, 0xfee0_0000),
  fc.constantFrom(2 ** 32 - 8, 2 ** 32, 2 ** 52, 2 ** 53 - 1),
);
const length = fc.oneof(
  fc.constantFrom(0, 1, 15, 16, 17, 20, 32, 512, 513, 1024, 4096, RAM_BYTES, 0x8000_0000, 0xffff_ffff),
  fc.integer({ min: 0, max: 2048 }),
);
const descriptor = fc.record({
  address,
  length,
  flags: fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 0xffff })),
  next: fc.oneof(fc.integer({ min: 0, max: SIZE - 1 }), fc.integer({ min: 0, max: 0xffff })),
});
const AVAIL = 0x80;
const USED = 0x8000;
const mark = fc.constantFrom(0, AVAIL, USED, AVAIL | USED);
const table = fc.record({
  descriptors: fc.array(descriptor, { minLength: SIZE, maxLength: SIZE }),
  indirect: fc.array(descriptor, { minLength: 4, maxLength: 4 }),
  heads: fc.array(fc.oneof(fc.integer({ min: 0, max: SIZE - 1 }), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 1,
    maxLength: 4,
  }),
  /** How far the available index jumps. */
  step: fc.oneof(fc.integer({ min: 1, max: SIZE }), fc.integer({ min: 0, max: 0xffff })),
  /** Which lap of a packed ring its descriptors are available in; some of them are in any state. */
  lap: fc.constantFrom(AVAIL, USED),
  marks: fc.array(fc.oneof({ weight: 7, arbitrary: fc.constant(undefined) }, mark), {
    minLength: SIZE,
    maxLength: SIZE,
  }),
  driverEvent: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff_ffff })),
  request: fc.oneof(fc.constantFrom(0, 1, 4, 8, 11, 13), fc.integer({ min: 0, max: 0xffff_ffff })),
  sector: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constantFrom(2 ** 40, 2 ** 53 - 1)),
});
type Table = typeof table extends fc.Arbitrary<infer T> ? T : never;
type Descriptor = Table['descriptors'][number];

interface Victim {
  readonly name: string;
  readonly queues: number;
  /** What is negotiated besides the transport's. */
  readonly features: readonly number[];
  readonly make: (host: VirtioHost) => VirtioDevice;
  /** Before each table. */
  readonly before?: () => void;
  /** Writes what a descriptor may point at, at the start of RAM. */
  readonly write?: (view: DataView, hostile: Table) => void;
}

const netReport = placeNetReport(Arena.build(1 << 16), 'net0');
const sharedFolder = temporaryFolder('9p');
const balloonState = placeBalloon(Arena.build(1 << 16), 'balloon0');
let cable = new MemoryCable(true);
const terminal = placeConsole(Arena.build(1 << 20), 'console0', 3);
let ports = new MemoryPorts([]);
const CID = 42;
const TYPED = Buffer.from('typed');

const victims: Victim[] = [
  {
    name: 'block',
    queues: 1,
    features: [],
    make: (host) => new VirtioBlk(host, new MemoryDisk(64 * 512), { queues: 1, serial: 's' }),
  },
  {
    name: 'network',
    queues: 2,
    features: [15],
    make: (host) => {
      cable = new MemoryCable(true);
      return new VirtioNet(host, cable, '52:54:00:00:00:01', netReport);
    },
    before: () => {
      cable.sent.length = 0;
      cable.arriving.push(...[60, 5000].slice(cable.arriving.length).map((length) => new Uint8Array(length)));
    },
  },
  {
    name: 'balloon',
    queues: 3,
    features: [1, 2],
    make: (host) => new VirtioBalloon(host, balloonState, { discard: discardPages, changed: () => {} }),
    before: () => void Atomics.store(balloonState.words, BALLOON.statisticsWanted, 1),
  },
  {
    name: '9P',
    queues: 1,
    features: [0],
    make: (host) => new Virtio9p(host, new NineServer(SharedFolder.open(sharedFolder, false)), 'tag'),
  },
  {
    name: 'console',
    queues: 8,
    features: [0, 1],
    make: (host) => new VirtioConsole(host, terminal, ['hvc0', 'first', 'second']),
    before: () => {
      for (const { output, input } of terminal.rings) {
        output.clear();
        input.pushBytes(TYPED);
      }
    },
    write: (view, { request, sector }) => {
      view.setUint32(0, request > 13 ? request : request & 3, true);
      view.setUint32(4, (sector % 9) | (request << 16), true);
    },
  },
  {
    name: 'socket',
    queues: 3,
    features: [0],
    make: (host) => {
      ports = new MemoryPorts([0, 1, 2]);
      return new VirtioVsock(host, ports, CID);
    },
    before: () => {
      for (const stream of ports.streams.splice(0)) stream.say('from the host');
      ports.call(ports.calling.length);
    },
    write: writeSocketPacket,
  },
  { name: 'entropy', queues: 1, features: [], make: (host) => new VirtioRng(host) },
];

/** A packet of the guest's: mostly its own address, few ports, any operation. */
function writeSocketPacket(view: DataView, { request, sector, step }: Table): void {
  view.setBigUint64(0, BigInt(request === 13 ? 43 : CID), true);
  view.setBigUint64(8, BigInt(request === 11 ? sector : 2), true);
  view.setUint32(16, sector % 3, true);
  view.setUint32(20, step % 4, true);
  view.setUint32(24, request > 13 ? request : sector % 100, true);
  view.setUint32(28, (request === 8 ? 2 : 1) | ((step % 9) << 16), true);
  for (const at of [32, 36, 40]) view.setUint32(at, (request * at) >>> 0, true);
}

const attacks = RINGS.flatMap((ring) => victims.map((victim) => ({ ring, victim, name: victim.name })));

describe.each(attacks)('a hostile driver of the $name device over a $ring ring', ({ ring, victim }) => {
  /** Packed rings have their own code in the queue alone: every device is behind it in the long tests. */
  const tags = ring === 'split' || victim.name === 'block' ? [] : ['long'];

  test(`${TABLES} random descriptor tables: never a crash, a hang, or an access outside RAM`, {
    timeout: 300_000 * SLOWNESS,
    tags,
  }, () => {
    let tried = 0;
    fc.assert(
      fc.property(fc.infiniteStream(table), fc.boolean(), fc.boolean(), (tables, events, split) => {
        const regions = split ? [0, RAM_BYTES / 2] : [0];
        const queueSizes = new Array(victim.queues).fill(SIZE);
        const driver = new VirtioDriver({ type: 2, classCode: 0, queueSizes }, victim.make, {
          msix: false,
          regions,
          ring,
        });
        const beyond = new Uint8Array(driver.ram.buffer);
        for (let i = 0; i < TABLES_PER_CASE; i++) {
          victim.before?.();
          attempt(driver, ring, victim, tables.next().value as Table, events);
          tried++;
        }
        // The shared buffer is a page larger than RAM: nothing of that was touched.
        const { offset } = driver.ram;
        expect(beyond.subarray(0, offset).some((byte) => byte !== 0)).toBe(false);
        expect(beyond.subarray(offset + RAM_BYTES).some((byte) => byte !== 0)).toBe(false);
      }),
      { numRuns: TABLES / TABLES_PER_CASE },
    );
    expect(tried).toBeGreaterThanOrEqual(TABLES);
  });
});

function attempt(driver: VirtioDriver, ring: RingKind, victim: Victim, hostile: Table, events: boolean): void {
  const { queues, features } = victim;
  const rings = (queue: number): number => RINGS_AT + queue * RINGS_BYTES;
  if ((driver.status & 64) !== 0 || driver.status === 0) {
    driver.ram.bytes.fill(0, RINGS_AT, rings(queues));
    driver.negotiate([...features, ...(events ? [28, 29] : [28])]);
    for (let queue = 0; queue < queues; queue++) driver.queue(queue, rings(queue), SIZE);
    driver.driverOk();
  }
  const view = new DataView(driver.ram.buffer, driver.ram.offset, RAM_BYTES);
  // A block request wherever a descriptor may point at one.
  view.setUint32(0, hostile.request, true);
  view.setBigUint64(8, BigInt(hostile.sector), true);
  victim.write?.(view, hostile);
  for (let queue = 0; queue < queues; queue++) WRITE[ring](view, rings(queue), hostile);
  for (let queue = 0; queue < queues; queue++) driver.kick(queue);
  driver.poll({ readable: true, writable: true });
}

/** Writes a queue's ring, and the indirect table, as the hostile driver has them. */
const WRITE: Record<RingKind, (view: DataView, at: number, hostile: Table) => void> = {
  split: (view, at, { descriptors, indirect, heads, step }) => {
    const write = (start: number, descriptor: Descriptor): void =>
      writeDescriptor(view, start, descriptor, descriptor.flags, descriptor.next);
    for (const [i, descriptor] of indirect.entries()) write(INDIRECT + 16 * i, descriptor);
    for (const [i, descriptor] of descriptors.entries()) write(at + 16 * i, descriptor);
    const available = at + 16 * SIZE;
    const index = view.getUint16(available + 2, true);
    for (const [i, head] of heads.entries()) view.setUint16(available + 4 + 2 * ((index + i) % SIZE), head, true);
    view.setUint16(available + 2, index + step, true);
  },
  packed: (view, at, { descriptors, indirect, lap, marks, driverEvent }) => {
    for (const [i, descriptor] of indirect.entries()) {
      writeDescriptor(view, INDIRECT + 16 * i, descriptor, descriptor.next, descriptor.flags);
    }
    for (const [i, descriptor] of descriptors.entries()) {
      const flags = (descriptor.flags & ~(AVAIL | USED)) | (marks[i] ?? lap);
      writeDescriptor(view, at + 16 * i, descriptor, descriptor.next, flags);
    }
    view.setUint32(at + 16 * SIZE, driverEvent, true);
  },
};

/** A descriptor's last fields are flags and next (split), or id and flags (packed). */
function writeDescriptor(view: DataView, at: number, what: Descriptor, third: number, fourth: number): void {
  view.setBigUint64(at, BigInt(what.address), true);
  view.setUint32(at + 8, what.length, true);
  view.setUint16(at + 12, third, true);
  view.setUint16(at + 14, fourth, true);
}
