/**
 * One PCI function (PCI 3.0 §6): type 0 header, memory BARs, a capability list, INTA#. Configuration space
 * lives in the arena; what of it a guest may change follows from the function's make. Guest driver: Linux PCI core.
 */
import { invariant } from '../../base/failure.ts';
import { bytes, type SharedOf, struct } from '../../base/shared-struct.ts';
import type { AccessSize } from '../../vmm/bus/io-bus.ts';

export const CONFIG_BYTES = 256;

// PCI 3.0 §6.1, figure 6-1.
export const VENDOR_ID = 0x00;
export const DEVICE_ID = 0x02;
export const COMMAND = 0x04;
export const STATUS = 0x06;
const REVISION_ID = 0x08;
const CLASS_CODE = 0x09;
export const BAR0 = 0x10;
const SUBSYSTEM_VENDOR_ID = 0x2c;
const SUBSYSTEM_ID = 0x2e;
const CAPABILITIES_POINTER = 0x34;
const INTERRUPT_LINE = 0x3c;
const INTERRUPT_PIN = 0x3d;
const FIRST_CAPABILITY = 0x40;

// §6.2.2 and §6.2.3
export const COMMAND_MEMORY = 0x0002;
export const COMMAND_BUS_MASTER = 0x0004;
export const COMMAND_INTX_DISABLE = 0x0400;
const COMMAND_WRITABLE = COMMAND_MEMORY | COMMAND_BUS_MASTER | COMMAND_INTX_DISABLE;
const STATUS_CAPABILITIES = 0x0010;
export const STATUS_INTX = 0x08;

const BARS = 6;

export interface FunctionIdentity {
  readonly vendor: number;
  readonly device: number;
  readonly revision: number;
  /** Base class, sub-class, programming interface (PCI 3.0 appendix D). */
  readonly classCode: number;
  readonly subsystemVendor?: number;
  readonly subsystem?: number;
  /** Whether it has an INTA#. */
  readonly interrupt: boolean;
}

/** A memory BAR, 32 bits wide, not prefetchable; `address` is where firmware would have put it. */
export interface MemoryBar {
  readonly size: number;
  readonly address: number;
}

/** One entry of the capability list: the bytes after `next`, and which of their bits a guest may write. */
export interface Capability {
  readonly id: number;
  readonly body: Uint8Array;
  readonly writable?: Uint8Array;
}

export const PciFunctionState = struct('pci-function', 1, { config: bytes(CONFIG_BYTES) });
export type PciFunctionState = SharedOf<typeof PciFunctionState>;

/** What a function does beyond its configuration space. Calls come without a lock held. */
export interface FunctionRegions {
  readBar(bar: number, offset: number, size: AccessSize): number;
  writeBar(bar: number, offset: number, size: AccessSize, value: number): void;
  /** Configuration space, before it is read, and after it was written. */
  configRead?(offset: number, size: AccessSize): void;
  configWritten?(offset: number, size: AccessSize): void;
}

export class PciFunction {
  readonly config: Uint8Array;
  /** Offset of each capability in configuration space, in the order given. */
  readonly capabilityOffsets: readonly number[];
  private readonly powerOn = new Uint8Array(CONFIG_BYTES);
  private readonly writable = new Uint8Array(CONFIG_BYTES);
  private readonly view: DataView;

  constructor(
    readonly state: PciFunctionState,
    identity: FunctionIdentity,
    readonly bars: readonly MemoryBar[] = [],
    capabilities: readonly Capability[] = [],
    readonly regions?: FunctionRegions,
  ) {
    this.config = state.config;
    this.view = new DataView(this.config.buffer, this.config.byteOffset, CONFIG_BYTES);
    this.describe(identity);
    this.describeBars(bars);
    this.capabilityOffsets = this.describeCapabilities(capabilities);
  }

  /** Power-on, with the BARs where firmware would have put them. */
  reset(): void {
    this.config.set(this.powerOn);
  }

  read(offset: number, size: AccessSize): number {
    if (offset + size > CONFIG_BYTES) return 0;
    this.regions?.configRead?.(offset, size);
    if (size === 1) return this.config[offset]!;
    return size === 2 ? this.view.getUint16(offset, true) : this.view.getUint32(offset, true);
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset + size > CONFIG_BYTES) return;
    const { config, writable, state } = this;
    state.lock.acquire();
    for (let i = 0; i < size; i++) {
      const mask = writable[offset + i]!;
      if (mask === 0) continue;
      config[offset + i] = (config[offset + i]! & ~mask) | ((value >>> (8 * i)) & mask);
    }
    state.lock.release();
    this.regions?.configWritten?.(offset, size);
  }

  get command(): number {
    return this.view.getUint16(COMMAND, true);
  }

  /** Where BAR `bar` answers; undefined while memory decoding is off. */
  barAddress(bar: number): number | undefined {
    if ((this.command & COMMAND_MEMORY) === 0) return undefined;
    return (this.view.getUint32(BAR0 + 4 * bar, true) & ~0xf) >>> 0;
  }

  /** Shows in the status register whether the function asks for an interrupt by INTx (§6.2.3, bit 3). */
  showInterrupt(pending: boolean): void {
    const status = this.config[STATUS]!;
    this.config[STATUS] = pending ? status | STATUS_INTX : status & ~STATUS_INTX;
  }

  private describe(identity: FunctionIdentity): void {
    const { powerOn, writable } = this;
    put(powerOn, VENDOR_ID, 2, identity.vendor);
    put(powerOn, DEVICE_ID, 2, identity.device);
    put(powerOn, REVISION_ID, 1, identity.revision);
    put(powerOn, CLASS_CODE, 3, identity.classCode);
    put(powerOn, SUBSYSTEM_VENDOR_ID, 2, identity.subsystemVendor ?? 0);
    put(powerOn, SUBSYSTEM_ID, 2, identity.subsystem ?? 0);
    put(powerOn, INTERRUPT_PIN, 1, identity.interrupt ? 1 : 0);
    put(writable, COMMAND, 2, COMMAND_WRITABLE);
    put(writable, INTERRUPT_LINE, 1, 0xff);
  }

  /** §6.2.5.1: the bits below a BAR's size read as zero, whatever was written. */
  private describeBars(bars: readonly MemoryBar[]): void {
    invariant(bars.length <= BARS, `PCI function: ${bars.length} BARs`);
    for (const [bar, { size, address }] of bars.entries()) {
      invariant(size >= 16 && (size & (size - 1)) === 0 && address % size === 0, `PCI function: BAR ${bar}`);
      put(this.powerOn, BAR0 + 4 * bar, 4, address);
      put(this.writable, BAR0 + 4 * bar, 4, ~(size - 1));
    }
  }

  private describeCapabilities(capabilities: readonly Capability[]): number[] {
    const { powerOn, writable } = this;
    if (capabilities.length > 0) put(powerOn, STATUS, 2, STATUS_CAPABILITIES);
    const offsets: number[] = [];
    let pointer = CAPABILITIES_POINTER;
    let at = FIRST_CAPABILITY;
    for (const { id, body, writable: mask } of capabilities) {
      invariant(at + 2 + body.length <= CONFIG_BYTES, 'PCI function: too many capabilities');
      powerOn[pointer] = at;
      powerOn[at] = id;
      powerOn.set(body, at + 2);
      if (mask) writable.set(mask, at + 2);
      offsets.push(at);
      pointer = at + 1;
      at = (at + 2 + body.length + 3) & ~3;
    }
    return offsets;
  }
}

function put(target: Uint8Array, at: number, size: number, value: number): void {
  for (let i = 0; i < size; i++) target[at + i] = value >>> (8 * i);
}
