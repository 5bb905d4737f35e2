/**
 * System control port A, 0x92 (IBM PS/2 Hardware Interface Technical Reference, "System control port A"): fast reset. The
 * A20 line is always on. Guest users: firmware, boot loaders, Linux's "BIOS" reboot path.
 */
import { type SharedOf, struct, u8 } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import type { SignalPin } from '../../vmm/interrupts/signal-pin.ts';

const FAST_RESET = 0x01;
const A20 = 0x02;

export const SystemControlAState = struct('system-control-a', 1, { value: u8(A20) });
export type SystemControlAState = SharedOf<typeof SystemControlAState>;

export interface SystemControlAPins {
  readonly reset: SignalPin;
}

export class SystemControlA implements IoDevice {
  readonly widest = 1;

  constructor(
    readonly state: SystemControlAState,
    private readonly pins: SystemControlAPins,
  ) {}

  read(_offset: number, _size: AccessSize): number {
    return this.state.value;
  }

  write(_offset: number, _size: AccessSize, value: number): void {
    const rising = value & ~this.state.value & FAST_RESET;
    this.state.value = (value & 0xff) | A20;
    if (rising !== 0) this.pins.reset.pulse(0);
  }

  /** Host side, under the lock: power-on. */
  reset(): void {
    this.state.reset();
  }
}
