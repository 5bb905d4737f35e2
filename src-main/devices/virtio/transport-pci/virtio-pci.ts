/**
 * virtio over PCI (virtio 1.2 §4.1), modern interface only: what the driver sees of any virtio device. Every thread
 * builds the same over the same arena; who serves the queues is on the other side of `VirtioPciPins`. Guest driver:
 * Linux virtio_pci.
 */
import type { Arena } from '../../../base/shared-struct.ts';
import type { AccessSize } from '../../../vmm/bus/io-bus.ts';
import type { IrqLine } from '../../../vmm/interrupts/irq-line.ts';
import { BAR0, COMMAND, PciFunction, PciFunctionState } from '../../pci/function.ts';
import { type MessagePin, MSIX_BAR_BYTES, MSIX_VECTORS, Msix, MsixState, msixCapability } from '../../pci/msix.ts';
import { VirtioInterrupts } from '../interrupts.ts';
import { STATUS } from '../spec.ts';
import { CONFIG_BYTES, VirtioIsr, VirtioOffer, VirtioServing, type VirtioState, virtioState } from '../state.ts';
import { AREA, DOORBELL_BYTES, PCI_CFG, VIRTIO_BAR, VIRTIO_BAR_BYTES, virtioCapabilities } from './capabilities.ts';
import { CommonConfig } from './common-config.ts';

/** §4.1.2: vendor, and device id for a device type; revision 1 and up is non-transitional. */
const VENDOR = 0x1af4;
const DEVICE_BASE = 0x1040;
const REVISION = 1;
const SUBSYSTEM = 0x40;
const MSIX_BAR = 1;

/** What kind of device this is, as the transport must know it. */
export interface VirtioKind {
  /** §5: 2 block, 4 entropy… */
  readonly type: number;
  /** PCI class of the function (PCI 3.0 appendix D). */
  readonly classCode: number;
  /** The largest size of each queue, powers of two. */
  readonly queueSizes: readonly number[];
  /** The bytes of device configuration the driver may write: from, to. */
  readonly writableConfig?: readonly [number, number];
}

export interface VirtioPciPins {
  readonly intx: IrqLine;
  /** Without it the function has no MSI-X. */
  readonly message: MessagePin | undefined;
  /** The driver rang the doorbell of queue `queue`. */
  notify(queue: number): void;
  /** The driver has set DRIVER_OK, reset the device, or written its configuration. */
  changed(): void;
  /** Queue `queue`'s doorbell is at `gpa` from now on, and no more at `before`; 0 is nowhere. */
  moveDoorbell(queue: number, before: number, gpa: number): void;
}

/** Where the function's BARs are when the power comes. */
export interface VirtioPciPlacement {
  /** 32 KiB, on a 32 KiB boundary. */
  readonly address: number;
}
export const VIRTIO_PCI_BYTES = 2 * VIRTIO_BAR_BYTES;

/** The shared structs of one device, by its name in the arena. */
export interface VirtioParts {
  readonly state: VirtioState;
  readonly offer: VirtioOffer;
  readonly isr: VirtioIsr;
  readonly serving: VirtioServing;
  readonly msix: MsixState;
  readonly pci: PciFunctionState;
}

export function placeVirtio(arena: Arena, name: string, queues: number): VirtioParts {
  return {
    state: arena.place(virtioState(queues), name),
    offer: arena.place(VirtioOffer, `${name}-offer`),
    isr: arena.place(VirtioIsr, `${name}-isr`),
    serving: arena.place(VirtioServing, `${name}-serving`),
    msix: arena.place(MsixState, `${name}-msix`),
    pci: arena.place(PciFunctionState, `${name}-pci`),
  };
}

export class VirtioPci {
  readonly function: PciFunction;
  readonly interrupts: VirtioInterrupts;
  private readonly common: CommonConfig;
  private readonly msix: Msix | undefined;
  private readonly msixOffset: number;
  private readonly pciCfgOffset: number;

  constructor(
    readonly parts: VirtioParts,
    readonly kind: VirtioKind,
    placement: VirtioPciPlacement,
    private readonly pins: VirtioPciPins,
  ) {
    const { state, offer } = parts;
    const vectors = pins.message === undefined ? 0 : Math.min(kind.queueSizes.length + 1, MSIX_VECTORS);
    if (pins.message !== undefined) this.msix = new Msix(parts.msix, vectors, pins.message);
    const capabilities = virtioCapabilities();
    this.function = new PciFunction(
      parts.pci,
      {
        vendor: VENDOR,
        device: DEVICE_BASE + kind.type,
        revision: REVISION,
        classCode: kind.classCode,
        subsystemVendor: VENDOR,
        subsystem: SUBSYSTEM,
        interrupt: true,
      },
      [
        { size: VIRTIO_BAR_BYTES, address: placement.address },
        ...(this.msix ? [{ size: MSIX_BAR_BYTES, address: placement.address + VIRTIO_BAR_BYTES }] : []),
      ],
      this.msix ? [...capabilities, msixCapability(MSIX_BAR, vectors)] : capabilities,
      this,
    );
    this.pciCfgOffset = this.function.capabilityOffsets[capabilities.length - 1]!;
    this.msixOffset = this.function.capabilityOffsets[capabilities.length] ?? 0;
    this.interrupts = new VirtioInterrupts(state, parts.isr, this.function, pins.intx, this.msix);
    this.common = new CommonConfig({
      state,
      offer,
      queueSizes: kind.queueSizes,
      vectors,
      reset: () => this.resetDevice(),
      ready: () => pins.changed(),
    });
  }

  /** Host side: power-on. Nothing is under way: whoever serves the queues stands still. */
  reset(): void {
    this.function.reset();
    this.msix?.reset();
    this.parts.state.lock.holding(() => this.startOver());
    this.placeDoorbells();
  }

  /** Serving side, with the serving lock held: a reset that waited for requests under way can now be done. */
  finishReset(): void {
    this.startOver();
  }

  /** Host side, any thread that does not serve the queues: replaces device configuration from `at` on and tells the driver (§2.5.1). */
  changeConfig(at: number, bytes: Uint8Array): void {
    const { offer, state } = this.parts;
    state.lock.holding(() => {
      offer.config.set(bytes, at);
      Atomics.add(offer.configGeneration, 0, 1);
    });
    if ((Atomics.load(state.status, 0) & STATUS.DRIVER_OK) !== 0) this.interrupts.signalConfig();
  }

  readBar(bar: number, offset: number, size: AccessSize): number {
    if (bar === MSIX_BAR) return this.msix?.read(offset, size) ?? 0;
    const { lock } = this.parts.state;
    lock.acquire();
    try {
      return this.readArea(offset, size);
    } finally {
      lock.release();
    }
  }

  writeBar(bar: number, offset: number, size: AccessSize, value: number): void {
    if (bar === MSIX_BAR) {
      this.msix?.write(offset, size, value);
      return;
    }
    if (offset >= AREA.notify.offset) {
      const queue = Math.floor((offset - AREA.notify.offset) / DOORBELL_BYTES);
      if (queue < this.kind.queueSizes.length) this.pins.notify(queue);
      return;
    }
    const { lock } = this.parts.state;
    lock.acquire();
    try {
      this.writeArea(offset, size, value);
    } finally {
      lock.release();
    }
  }

  configRead(offset: number, size: AccessSize): void {
    if (!this.isPciCfgData(offset)) return;
    const access = this.pciAccess();
    if (access === undefined) return;
    const value = this.readBar(access.bar, access.offset, access.size);
    for (let i = 0; i < size; i++) this.function.config[offset + i] = value >>> (8 * i);
  }

  configWritten(offset: number, size: AccessSize): void {
    if (offset < BAR0 + 4 && offset + size > COMMAND) {
      this.interrupts.refresh();
      this.placeDoorbells();
    } else if (this.msix && offset < this.msixOffset + 4 && offset + size > this.msixOffset + 2) {
      const { config } = this.function;
      this.msix.configure(config[this.msixOffset + 2]! | (config[this.msixOffset + 3]! << 8));
      this.interrupts.refresh();
    } else if (this.isPciCfgData(offset)) {
      const access = this.pciAccess();
      if (access === undefined) return;
      let value = 0;
      for (let i = access.size - 1; i >= 0; i--) value = value * 256 + this.function.config[offset + i]!;
      this.writeBar(access.bar, access.offset, access.size, value);
    }
  }

  private readArea(offset: number, size: AccessSize): number {
    if (offset < AREA.common.length) return this.common.read(offset, size);
    if (offset === AREA.isr.offset) return this.interrupts.takeIsr();
    const at = offset - AREA.device.offset;
    if (at < 0 || at + size > CONFIG_BYTES) return 0;
    const { config } = this.parts.offer;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + config[at + i]!;
    return value;
  }

  private writeArea(offset: number, size: AccessSize, value: number): void {
    if (offset < AREA.common.length) {
      this.common.write(offset, size, value);
      return;
    }
    const [from, to] = this.kind.writableConfig ?? [0, 0];
    const at = offset - AREA.device.offset;
    if (at < from || at + size > to) return;
    for (let i = 0; i < size; i++) this.parts.offer.config[at + i] = value >>> (8 * i);
    this.pins.changed();
  }

  /** §2.4: at once where nothing is under way; else status shows the reset when it is done (§4.1.4.3.1). */
  private resetDevice(): void {
    const { serving } = this.parts;
    serving.lock.acquire();
    if (serving.inFlight === 0) this.startOver();
    else serving.resetWanted = 1;
    serving.lock.release();
    this.pins.changed();
  }

  private startOver(): void {
    const { serving } = this.parts;
    serving.generation++;
    serving.resetWanted = 0;
    serving.inFlight = 0;
    this.interrupts.reset();
    this.common.reset();
  }

  /** Tells where the doorbells answer now, if that has changed. */
  private placeDoorbells(): void {
    const { state } = this.parts;
    state.lock.acquire();
    const before = state.doorbellsAt;
    const now = this.function.barAddress(VIRTIO_BAR) ?? 0;
    if (before !== now) {
      state.doorbellsAt = now;
      for (let queue = 0; queue < this.kind.queueSizes.length; queue++) {
        this.pins.moveDoorbell(queue, doorbell(before, queue), doorbell(now, queue));
      }
    }
    state.lock.release();
  }

  private isPciCfgData(offset: number): boolean {
    const data = this.pciCfgOffset + PCI_CFG.data;
    return offset >= data && offset < data + 4;
  }

  /** §4.1.4.9.1: what the access capability points at; undefined where that is not an access to a BAR of ours. */
  private pciAccess(): { bar: number; offset: number; size: AccessSize } | undefined {
    const view = new DataView(this.function.config.buffer, this.function.config.byteOffset + this.pciCfgOffset);
    const bar = view.getUint8(PCI_CFG.bar);
    const offset = view.getUint32(PCI_CFG.offset, true);
    const size = view.getUint32(PCI_CFG.length, true);
    const known = this.function.bars[bar];
    if (known === undefined || (size !== 1 && size !== 2 && size !== 4) || offset + size > known.size) return undefined;
    return { bar, offset, size };
  }
}

function doorbell(bar: number, queue: number): number {
  return bar === 0 ? 0 : bar + AREA.notify.offset + queue * DOORBELL_BYTES;
}
