import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
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
import { MemoryCable } from '../../../support/memory-cable.ts';
import { MemoryDisk } from '../../../support/memory-disk.ts';
import { MemoryPorts } from '../../../support/memory-ports.ts';
import { RAM_BYTES, VirtioDriver } from '../../../support/virtio-driver.ts';

const TABLES = 100_000;
/** Tables per fast-check case: setting a device up costs more than a table. */
const TABLES_PER_CASE = 50;
const SIZE = 8;
const RINGS = 0x1000;
const RINGS_BYTES = 0x400;
const INDIRECT = 0x4000;

/** Addresses around everything that matters: RAM's ends, the rings themselves, the top of the address space. */
const address = fc.oneof(
  fc.integer({ min: 0, max: RAM_BYTES + 64 }),
  fc.constantFrom(0, RINGS, RINGS + 128, INDIRECT, RAM_BYTES - 1, RAM_BYTES, RAM_BYTES / 2 - 8, 0xfee0_0000),
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
const table = fc.record({
  descriptors: fc.array(descriptor, { minLength: SIZE, maxLength: SIZE }),
  indirect: fc.array(descriptor, { minLength: 4, maxLength: 4 }),
  heads: fc.array(fc.oneof(fc.integer({ min: 0, max: SIZE - 1 }), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 1,
    maxLength: 4,
  }),
  /** How far the available index jumps. */
  step: fc.oneof(fc.integer({ min: 1, max: SIZE }), fc.integer({ min: 0, max: 0xffff })),
  request: fc.oneof(fc.constantFrom(0, 1, 4, 8, 11, 13), fc.integer({ min: 0, max: 0xffff_ffff })),
  sector: fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constantFrom(2 ** 40, 2 ** 53 - 1)),
});
type Table = typeof table extends fc.Arbitrary<infer T> ? T : never;

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
const sharedFolder = mkdtempSync(join(tmpdir(), 'bh-9p-'));
afterAll(() => rmSync(sharedFolder, { recursive: true, force: true }));
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

describe.each(victims)('a hostile driver of the $name device', (victim) => {
  let tried = 0;
  afterAll(() => expect(tried).toBeGreaterThanOrEqual(TABLES));

  test(`${TABLES} random descriptor tables: never a crash, a hang, or an access outside RAM`, {
    timeout: 300_000,
  }, () => {
    fc.assert(
      fc.property(fc.infiniteStream(table), fc.boolean(), fc.boolean(), (tables, events, split) => {
        const regions = split ? [0, RAM_BYTES / 2] : [0];
        const queueSizes = new Array(victim.queues).fill(SIZE);
        const driver = new VirtioDriver({ type: 2, classCode: 0, queueSizes }, victim.make, { msix: false, regions });
        const beyond = new Uint8Array(driver.ram.buffer);
        for (let i = 0; i < TABLES_PER_CASE; i++) {
          victim.before?.();
          attempt(driver, victim, tables.next().value as Table, events);
          tried++;
        }
        // The shared buffer is a page larger than RAM: nothing of that was touched.
        const { offset } = driver.ram;
        expect(beyond.subarray(0, offset).some((byte) => byte !== 0)).toBe(false);
        expect(beyond.subarray(offset + RAM_BYTES).some((byte) => byte !== 0)).toBe(false);
      }),
      { numRuns: TABLES / TABLES_PER_CASE },
    );
  });
});

function attempt(
  driver: VirtioDriver,
  { queues, features, write: writeMore }: Victim,
  hostile: Table,
  events: boolean,
): void {
  const rings = (queue: number): number => RINGS + queue * RINGS_BYTES;
  if ((driver.status & 64) !== 0 || driver.status === 0) {
    driver.ram.bytes.fill(0, RINGS, rings(queues));
    driver.negotiate([...features, ...(events ? [28, 29] : [28])]);
    for (let queue = 0; queue < queues; queue++) driver.splitQueue(queue, rings(queue), SIZE);
    driver.driverOk();
  }
  const view = new DataView(driver.ram.buffer, driver.ram.offset, RAM_BYTES);
  const write = (at: number, { address, length, flags, next }: Table['descriptors'][number]): void => {
    view.setBigUint64(at, BigInt(address), true);
    view.setUint32(at + 8, length, true);
    view.setUint16(at + 12, flags, true);
    view.setUint16(at + 14, next, true);
  };
  for (const [i, descriptor] of hostile.indirect.entries()) write(INDIRECT + 16 * i, descriptor);
  // A block request wherever a descriptor may point at one.
  view.setUint32(0, hostile.request, true);
  view.setBigUint64(8, BigInt(hostile.sector), true);
  writeMore?.(view, hostile);
  for (let queue = 0; queue < queues; queue++) {
    for (const [i, descriptor] of hostile.descriptors.entries()) write(rings(queue) + 16 * i, descriptor);
    const available = rings(queue) + 16 * SIZE;
    const index = view.getUint16(available + 2, true);
    for (const [i, head] of hostile.heads.entries()) {
      view.setUint16(available + 4 + 2 * ((index + i) % SIZE), head, true);
    }
    view.setUint16(available + 2, index + hostile.step, true);
  }
  for (let queue = 0; queue < queues; queue++) driver.kick(queue);
  driver.poll({ readable: true, writable: true });
}
