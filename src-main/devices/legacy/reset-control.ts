/**
 * Reset control register, port 0xcf9 (Intel 82371FB PIIX §2.5.1, RC; same in later chipsets). Guest users: the FADT's reset register, Linux
 * `reboot=pci`.
 */
import { type SharedOf, struct, u8 } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import type { SignalPin } from '../../vmm/interrupts/signal-pin.ts';

/** 1: hard reset, 0: CPU only. Kept, and of no consequence: the machine knows one reset. */
const SYSTEM_RESET = 0x02;
const RESET_CPU = 0x04;

export const ResetControlState = struct('reset-control', 1, { value: u8(0) });
export type ResetControlState = SharedOf<typeof ResetControlState>;

export interface ResetControlPins {
  readonly reset: SignalPin;
}

export class ResetControl implements IoDevice {
  readonly widest = 1;

  constructor(
    readonly state: ResetControlState,
    private readonly pins: ResetControlPins,
  ) {}

  read(_offset: number, _size: AccessSize): number {
    return this.state.value;
  }

  write(_offset: number, _size: AccessSize, value: number): void {
    const rising = value & ~this.state.value & RESET_CPU;
    this.state.value = value & (SYSTEM_RESET | RESET_CPU);
    if (rising !== 0) this.pins.reset.pulse(0);
  }

  /** Host side, under the lock: power-on. */
  reset(): void {
    this.state.reset();
  }
}
