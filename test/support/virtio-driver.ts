import { Arena } from '../../src-main/base/shared-struct.ts';
import { PciFunctionState } from '../../src-main/devices/pci/function.ts';
import { hostBridge } from '../../src-main/devices/pci/host-bridge.ts';
import { PciBus, PciBusState } from '../../src-main/devices/pci/pci-bus.ts';
import {
  type FdInterest,
  type FdWatch,
  type VirtioDevice,
  VirtioEndpoint,
  type VirtioHost,
} from '../../src-main/devices/virtio/endpoint.ts';
import { placeVirtio, type VirtioKind, VirtioPci } from '../../src-main/devices/virtio/transport-pci/virtio-pci.ts';
import { SharedPages } from '../../src-main/linux/memory.ts';
import type { AccessSize } from '../../src-main/vmm/bus/io-bus.ts';
import { PCI_WINDOW_START } from '../../src-main/vmm/layout.ts';
import { GuestMemory } from '../../src-main/vmm/memory/guest-memory.ts';
import { DriverPackedQueue } from './driver-packed-queue.ts';
import type { DriverQueue, RingKind } from './driver-queue.ts';
import { DriverSplitQueue } from './driver-split-queue.ts';

export const SLOT = 3;
export const RAM_BYTES = 1 << 20;

interface DriverOptions {
  readonly msix?: boolean;
  /** Where the regions of RAM begin. */
  readonly regions?: readonly number[];
  /** What the driver negotiates. */
  readonly ring?: RingKind;
}

/** A guest's driver at a virtio function on a PCI bus, over 1 MiB of RAM; the device end runs in the same thread. */
export class VirtioDriver {
  readonly ram = SharedPages.allocate(RAM_BYTES, 'test RAM');
  readonly memory: GuestMemory;
  readonly bus: PciBus;
  readonly pci: VirtioPci;
  readonly endpoint: VirtioEndpoint;
  /** MSIs sent: their data. */
  readonly messages: number[] = [];
  readonly doorbells: [queue: number, before: number, gpa: number][] = [];
  /** What the device waits for. */
  readonly watches: { fd: number; interest: FdInterest; ready: (happened: FdInterest) => void }[] = [];
  intx = false;
  private readonly window;
  private readonly ring: RingKind;

  constructor(
    kind: VirtioKind,
    make: (host: VirtioHost) => VirtioDevice,
    { msix = true, regions = [0], ring = 'split' }: DriverOptions = {},
  ) {
    this.ring = ring;
    const arena = Arena.build(1 << 20);
    // RAM may be several buffers in a row: pieces that straddle them are split.
    const cuts = [...regions, RAM_BYTES];
    this.memory = new GuestMemory(
      regions.map((gpa, index) => ({ gpa, bytes: this.ram.bytes.subarray(gpa, cuts[index + 1]) })),
    );
    this.bus = new PciBus(arena.place(PciBusState, 'bus'));
    const bridge = hostBridge(arena.place(PciFunctionState, 'bridge'));
    bridge.reset();
    this.bus.add(0, bridge);
    this.pci = new VirtioPci(
      placeVirtio(arena, 'device', kind.queueSizes.length),
      kind,
      { address: PCI_WINDOW_START + SLOT * 0x8000 },
      {
        intx: {
          set: (level) => {
            this.intx = level;
          },
        },
        message: msix ? (_low, _high, data) => this.messages.push(data) : undefined,
        notify: (queue) => {
          this.endpoint.serve(queue);
          while (this.endpoint.turn());
        },
        changed: () => {
          this.endpoint.changed();
          while (this.endpoint.turn());
        },
        moveDoorbell: (queue, before, gpa) => this.doorbells.push([queue, before, gpa]),
      },
    );
    this.bus.add(SLOT, this.pci.function);
    this.endpoint = new VirtioEndpoint(this.pci, this.memory, (...watched) => this.watch(...watched), make);
    this.pci.reset();
    this.window = this.bus.window(PCI_WINDOW_START);
  }

  /** Tells the device of what has happened to what it waits for, as a poll(2) would. */
  poll(happened: FdInterest): void {
    for (const { interest, ready } of [...this.watches]) {
      const told = {
        readable: happened.readable && interest.readable,
        writable: happened.writable && interest.writable,
      };
      if (told.readable || told.writable) ready(told);
    }
    while (this.endpoint.turn());
  }

  private watch(fd: number, interest: FdInterest, ready: (happened: FdInterest) => void): FdWatch {
    const watch = { fd, interest: { ...interest }, ready };
    this.watches.push(watch);
    return {
      change: (wanted) => {
        watch.interest = { ...wanted };
      },
      dispose: () => this.watches.splice(this.watches.indexOf(watch), 1),
    };
  }

  configRead(offset: number, size: AccessSize): number {
    return this.bus.ecam.read(SLOT * 0x8000 + offset, size);
  }

  configWrite(offset: number, size: AccessSize, value: number): void {
    this.bus.ecam.write(SLOT * 0x8000 + offset, size, value);
  }

  /** Virtio's own BAR. */
  read(offset: number, size: AccessSize): number {
    return this.window.read(SLOT * 0x8000 + offset, size);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.window.write(SLOT * 0x8000 + offset, size, value);
  }

  /** The MSI-X table's BAR. */
  writeTable(vector: number, data: number): void {
    const entry = SLOT * 0x8000 + 0x4000 + 16 * vector;
    for (const [at, value] of [0xfee0_0000, 0, data, 0].entries()) this.window.write(entry + 4 * at, 4, value);
  }

  enableMemory(): void {
    this.configWrite(0x04, 2, 0x0006);
  }

  /** §3.1.1, steps 1 to 6; whether FEATURES_OK stayed. */
  negotiate(features: readonly number[] = []): boolean {
    this.enableMemory();
    this.write(0x14, 1, 0);
    this.write(0x14, 1, 1);
    this.write(0x14, 1, 3);
    const wanted = [32, ...(this.ring === 'packed' ? [34] : []), ...features];
    for (const half of [0, 1]) {
      this.write(0x08, 4, half);
      const bits = wanted.filter((bit) => bit >> 5 === half).reduce((sum, bit) => sum | (1 << (bit & 31)), 0);
      this.write(0x0c, 4, bits >>> 0);
    }
    this.write(0x14, 1, 0x0b);
    return (this.read(0x14, 1) & 8) !== 0;
  }

  driverOk(): void {
    this.write(0x14, 1, 0x0f);
  }

  get status(): number {
    return this.read(0x14, 1);
  }

  kick(queue = 0): void {
    this.write(0x3000 + 4 * queue, 2, queue);
  }

  /** Sets queue `index` up as the ring negotiated, from `base` on. */
  queue(index: number, base: number, size: number, vector?: number): DriverQueue {
    return this.ring === 'packed'
      ? this.packedQueue(index, base, size, vector)
      : this.splitQueue(index, base, size, vector);
  }

  splitQueue(index: number, base: number, size: number, vector?: number): DriverSplitQueue {
    const queue = new DriverSplitQueue(this.ram.bytes, base, size);
    this.setUp(index, size, [queue.table, queue.available, queue.used], vector);
    return queue;
  }

  packedQueue(index: number, base: number, size: number, vector?: number): DriverPackedQueue {
    const queue = new DriverPackedQueue(this.ram.bytes, base, size);
    this.setUp(index, size, [queue.ring, queue.driverEvent, queue.deviceEvent], vector);
    return queue;
  }

  /** §4.1.5.1.3: size, vector, where its three parts are, enable. */
  setUp(index: number, size: number, parts: readonly [number, number, number], vector = 0xffff): void {
    this.write(0x16, 2, index);
    this.write(0x18, 2, size);
    this.write(0x1a, 2, vector);
    for (const [i, gpa] of parts.entries()) {
      this.write(0x20 + 8 * i, 4, gpa);
      this.write(0x24 + 8 * i, 4, 0);
    }
    this.write(0x1c, 2, 1);
  }

  [Symbol.dispose](): void {
    this.endpoint.dispose();
  }
}
