/**
 * pvpanic: a port through which a guest kernel says that it has panicked.
 * QEMU docs/specs/pvpanic; Linux drivers/misc/pvpanic (ACPI id QEMU0001). One byte: reads tell the events known here,
 * a write tells which happened.
 */
import { type SharedOf, struct, u8 } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import type { SignalPin } from '../../vmm/interrupts/signal-pin.ts';

const PANICKED = 1;
const CRASH_LOADED = 2;

export const PvpanicState = struct('pvpanic', 1, {
  /** The last event the guest told. */
  event: u8(0),
});
export type PvpanicState = SharedOf<typeof PvpanicState>;

export class Pvpanic implements IoDevice {
  readonly widest = 1;

  constructor(
    readonly state: PvpanicState,
    private readonly pins: { readonly panicked: SignalPin },
  ) {}

  read(_offset: number, _size: AccessSize): number {
    return PANICKED | CRASH_LOADED;
  }

  write(_offset: number, _size: AccessSize, value: number): void {
    this.state.event = value;
    if (value & PANICKED) this.pins.panicked.pulse(0);
  }

  reset(): void {
    this.state.reset();
  }
}
