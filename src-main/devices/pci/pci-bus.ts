/**
 * PCI bus 0: configuration space by ports 0xcf8/0xcfc (PCI 3.0 §3.2.2.3.2) and by ECAM (PCI Firmware 3.2
 * §4.1.2), and the memory window in which functions' BARs answer. One function per device. Guest driver: Linux PCI core.
 */
import { invariant } from '../../base/failure.ts';
import { type SharedOf, struct, u32, words } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import { BAR0, COMMAND, type PciFunction } from './function.ts';

export const MAX_DEVICES = 32;

/** CONFIG_ADDRESS: enable, bus, device, function, register (§3.2.2.3.2, figure 3-2). */
const ADDRESS_ENABLE = 0x8000_0000;
const ADDRESS_WRITABLE = 0x80ff_fffc;
/** Bytes of configuration space per function in ECAM. */
const ECAM_FUNCTION_BYTES = 4096;
const BARS_END = BAR0 + 24;

export const PciBusState = struct('pci-bus', 1, {
  configAddress: u32(0),
  /** One word, for Atomics: counts up whenever any function answers elsewhere than before. */
  decoding: words(1),
});
export type PciBusState = SharedOf<typeof PciBusState>;

interface Decoded {
  readonly start: number;
  readonly end: number;
  readonly bar: number;
  readonly target: PciFunction;
}

export class PciBus {
  private readonly functions: (PciFunction | undefined)[] = new Array(MAX_DEVICES).fill(undefined);
  /** This thread's picture of who answers where, as of `decodedAt`. */
  private decoded: Decoded[] = [];
  private decodedAt = -1;
  private last: Decoded | undefined;

  constructor(private readonly state: PciBusState) {}

  add(device: number, target: PciFunction): void {
    invariant(device < MAX_DEVICES && !this.functions[device], `PCI: device ${device} is taken`);
    this.functions[device] = target;
  }

  /** Host side: power-on. The functions are reset by their owners. */
  reset(): void {
    this.state.configAddress = 0;
    this.decodingChanged();
  }

  /** Ports 0xcf8 to 0xcff. Narrower accesses to the address register are not for this chip (§3.2.2.3.2). */
  readonly configPorts: IoDevice = {
    widest: 4,
    read: (offset, size) => {
      if (offset >= 4) return this.readConfig(this.state.configAddress, offset - 4, size);
      return size === 4 && offset === 0 ? this.state.configAddress : allOnes(size);
    },
    write: (offset, size, value) => {
      if (offset >= 4) this.writeConfig(this.state.configAddress, offset - 4, size, value);
      else if (size === 4 && offset === 0) this.state.configAddress = (value & ADDRESS_WRITABLE) >>> 0;
    },
  };

  readonly ecam: IoDevice = {
    widest: 4,
    read: (offset, size) => {
      const target = this.functionAt(offset / (8 * ECAM_FUNCTION_BYTES), (offset >>> 12) & 7);
      return target === undefined ? allOnes(size) : target.read(offset % ECAM_FUNCTION_BYTES, size);
    },
    write: (offset, size, value) => {
      const target = this.functionAt(offset / (8 * ECAM_FUNCTION_BYTES), (offset >>> 12) & 7);
      if (target !== undefined) this.configure(target, offset % ECAM_FUNCTION_BYTES, size, value);
    },
  };

  /** The memory window at `start`: an address nobody decodes reads as all ones. */
  window(start: number): IoDevice {
    return {
      widest: 4,
      read: (offset, size) => {
        const hit = this.decode(start + offset);
        if (hit === undefined) return allOnes(size);
        return hit.target.regions!.readBar(hit.bar, start + offset - hit.start, size);
      },
      write: (offset, size, value) => {
        const hit = this.decode(start + offset);
        if (hit !== undefined) hit.target.regions!.writeBar(hit.bar, start + offset - hit.start, size, value);
      },
    };
  }

  private readConfig(address: number, offset: number, size: AccessSize): number {
    const target = this.addressed(address);
    return target === undefined ? allOnes(size) : target.read((address & 0xfc) + offset, size);
  }

  private writeConfig(address: number, offset: number, size: AccessSize, value: number): void {
    const target = this.addressed(address);
    if (target !== undefined) this.configure(target, (address & 0xfc) + offset, size, value);
  }

  private configure(target: PciFunction, offset: number, size: AccessSize, value: number): void {
    target.write(offset, size, value);
    if (offset >= COMMAND && offset < BARS_END) this.decodingChanged();
  }

  private addressed(address: number): PciFunction | undefined {
    const enabled = (address & ADDRESS_ENABLE) !== 0;
    const bus = (address >>> 16) & 0xff;
    return enabled && bus === 0 ? this.functionAt((address >>> 11) & 0x1f, (address >>> 8) & 7) : undefined;
  }

  private functionAt(device: number, number: number): PciFunction | undefined {
    return number === 0 ? this.functions[Math.floor(device)] : undefined;
  }

  private decodingChanged(): void {
    Atomics.add(this.state.decoding, 0, 1);
  }

  private decode(address: number): Decoded | undefined {
    const generation = Atomics.load(this.state.decoding, 0);
    if (generation !== this.decodedAt) this.look(generation);
    const { last } = this;
    if (last !== undefined && address >= last.start && address < last.end) return last;
    for (const candidate of this.decoded) {
      if (address < candidate.start || address >= candidate.end) continue;
      this.last = candidate;
      return candidate;
    }
    return undefined;
  }

  private look(generation: number): void {
    this.decoded = [];
    this.last = undefined;
    for (const target of this.functions) {
      if (!target?.regions) continue;
      for (const [bar, { size }] of target.bars.entries()) {
        const start = target.barAddress(bar);
        if (start !== undefined) this.decoded.push({ start, end: start + size, bar, target });
      }
    }
    this.decodedAt = generation;
  }
}

function allOnes(size: AccessSize): number {
  return size === 4 ? 0xffff_ffff : size === 2 ? 0xffff : 0xff;
}
