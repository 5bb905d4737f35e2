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

export const SLOT = 3;
export const RAM_BYTES = 1 << 20;

export interface Piece {
  readonly gpa: number;
  readonly length: number;
  readonly writable?: boolean;
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

  constructor(kind: VirtioKind, make: (host: VirtioHost) => VirtioDevice, { msix = true, regions = [0] } = {}) {
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
    const wanted = [32, ...features];
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

  /** Sets queue `index` up, with its rings from `base` on. */
  splitQueue(index: number, base: number, size: number, vector = 0xffff): DriverSplitQueue {
    this.write(0x16, 2, index);
    this.write(0x18, 2, size);
    this.write(0x1a, 2, vector);
    const queue = new DriverSplitQueue(this.ram.bytes, base, size);
    for (const [register, gpa] of [
      [0x20, queue.table],
      [0x28, queue.available],
      [0x30, queue.used],
    ] as const) {
      this.write(register, 4, gpa);
      this.write(register + 4, 4, 0);
    }
    this.write(0x1c, 2, 1);
    return queue;
  }

  [Symbol.dispose](): void {
    this.endpoint.dispose();
  }
}

/** A split virtqueue from the driver's side (virtio 1.2 §2.7). */
export class DriverSplitQueue {
  readonly table: number;
  readonly available: number;
  readonly used: number;
  private readonly view: DataView;
  private free = 0;
  private seen = 0;

  constructor(
    ram: Uint8Array,
    base: number,
    readonly size: number,
  ) {
    this.view = new DataView(ram.buffer, ram.byteOffset, ram.length);
    this.table = base;
    this.available = base + 16 * size;
    this.used = (this.available + 2 * (3 + size) + 3) & ~3;
  }

  /** Writes descriptor `index`. */
  describe(index: number, gpa: number, length: number, flags: number, next = 0, table = this.table): void {
    const at = table + 16 * index;
    this.view.setBigUint64(at, BigInt(gpa), true);
    this.view.setUint32(at + 8, length, true);
    this.view.setUint16(at + 12, flags, true);
    this.view.setUint16(at + 14, next, true);
  }

  /** Makes a chain of descriptors and puts it into the available ring; its head. */
  add(pieces: readonly Piece[]): number {
    const head = this.free;
    for (const [i, { gpa, length, writable }] of pieces.entries()) {
      const more = i + 1 < pieces.length;
      this.describe(this.free, gpa, length, (more ? 1 : 0) | (writable ? 2 : 0), (this.free + 1) % this.size);
      this.free = (this.free + 1) % this.size;
    }
    this.offer(head);
    return head;
  }

  offer(head: number): void {
    const index = this.view.getUint16(this.available + 2, true);
    this.view.setUint16(this.available + 4 + 2 * (index % this.size), head, true);
    this.view.setUint16(this.available + 2, index + 1, true);
  }

  /** Chains come back since last asked: [head, bytes written]. */
  take(): [number, number][] {
    const taken: [number, number][] = [];
    while (this.seen !== this.view.getUint16(this.used + 2, true)) {
      const at = this.used + 4 + 8 * (this.seen % this.size);
      taken.push([this.view.getUint32(at, true), this.view.getUint32(at + 4, true)]);
      this.seen = (this.seen + 1) & 0xffff;
    }
    return taken;
  }

  set availableFlags(value: number) {
    this.view.setUint16(this.available, value, true);
  }

  set usedEvent(value: number) {
    this.view.setUint16(this.available + 4 + 2 * this.size, value, true);
  }

  get availableEvent(): number {
    return this.view.getUint16(this.used + 4 + 8 * this.size, true);
  }

  get usedFlags(): number {
    return this.view.getUint16(this.used, true);
  }
}
