/**
 * ACPI fixed hardware (ACPI 6.4 §4.8): PM1 event and control blocks, PM timer, power button, S5. Always in ACPI mode;
 * no GPE block, no sleep state but soft-off. Guest driver: ACPICA in Linux.
 */
import type { Clock } from '../../base/clock.ts';
import { f64, type SharedOf, struct, u16 } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import type { IrqLine } from '../../vmm/interrupts/irq-line.ts';
import type { SignalPin } from '../../vmm/interrupts/signal-pin.ts';
import type { TimerPin } from '../../vmm/interrupts/timer-pin.ts';

/** Bytes the register blocks take together. */
export const ACPI_PM_LENGTH = 12;

const PM1_STS = 0;
const PM1_EN = 2;
const PM1_CNT = 4;
const PM_TMR = 8;

// ACPI 6.4 §4.8.3.1.1 and §4.8.3.1.2: a status bit and its enable stand in the same place.
const TMR = 0x0001;
const BM_STS = 0x0010;
const GBL = 0x0020;
const PWRBTN = 0x0100;
const SLPBTN = 0x0200;
const RTC = 0x0400;
const WAK_STS = 0x8000;
const ENABLES = TMR | GBL | PWRBTN | SLPBTN | RTC;
const STATUSES = ENABLES | BM_STS | WAK_STS;
// §4.8.3.2.1
const SCI_EN = 0x0001;
const BM_RLD = 0x0002;
const SLP_TYP_SHIFT = 10;
const SLP_TYP = 7 << SLP_TYP_SHIFT;
const SLP_EN = 0x2000;

/** The SLP_TYP value that means soft-off: what the DSDT's \_S5 must say (§7.4.2.6). */
export const SLP_TYP_S5 = 5;

/** §4.8.3.3: 3.579545 MHz. */
const TICKS_PER_MS = 3579.545;

export const AcpiPmState = struct('acpi-pm', 1, {
  status: u16(0),
  enable: u16(0),
  /** BM_RLD and SLP_TYP: SCI_EN is always set, SLP_EN and GBL_RLS read as zero. */
  control: u16(0),
  /** Monotonic time at which the timer stood at zero. */
  timerStartMs: f64(0),
  /** How often the timer's highest bit had changed when that was last looked at. */
  toggles: f64(0),
});
export type AcpiPmState = SharedOf<typeof AcpiPmState>;

export interface AcpiPmPins {
  readonly sci: IrqLine;
  readonly powerOff: SignalPin;
  readonly timer: TimerPin;
  readonly clock: Clock;
}

export class AcpiPm implements IoDevice {
  readonly widest = 4;
  private readonly timerRange: number;

  /** @param timerBits 32 where the FADT sets TMR_VAL_EXT (§5.2.9), else 24 */
  constructor(
    readonly state: AcpiPmState,
    private readonly pins: AcpiPmPins,
    timerBits: 24 | 32 = 32,
  ) {
    this.timerRange = 2 ** timerBits;
  }

  read(offset: number, size: AccessSize): number {
    this.catchUp();
    const shift = (offset & 3) * 8;
    let value = this.readWord(offset & ~3) >>> shift;
    // An access across two registers: 2 ** 32 never meets a shift operator, which would take it for 2 ** 0.
    if (shift + size * 8 > 32) value += this.readWord((offset & ~3) + 4) * 2 ** (32 - shift);
    this.updateIrq();
    return size === 4 ? value % 2 ** 32 : value & (size === 2 ? 0xffff : 0xff);
  }

  write(offset: number, size: AccessSize, value: number): void {
    this.catchUp();
    for (let lane = 0; lane < size; lane++) this.writeByte(offset + lane, (value >>> (lane * 8)) & 0xff);
    this.updateIrq();
  }

  /** Host side, under the lock: the user presses the power button (§4.8.2.2.1). */
  pressPowerButton(): void {
    this.state.status |= PWRBTN;
    this.updateIrq();
  }

  /** Host side, under the lock: the armed time has come. */
  expired(): void {
    this.catchUp();
    this.updateIrq();
  }

  /** Host side, under the lock: power-on; the timer starts at zero. */
  reset(): void {
    this.state.reset();
    this.state.timerStartMs = this.pins.clock.monotonicMs();
    this.updateIrq();
  }

  /** The aligned 32 bits at `offset`. */
  private readWord(offset: number): number {
    const { status, enable, control } = this.state;
    switch (offset) {
      case PM1_STS:
        return (status | (enable << 16)) >>> 0;
      case PM1_CNT:
        return control | SCI_EN;
      case PM_TMR:
        return this.ticks % this.timerRange;
      default:
        return 0;
    }
  }

  private writeByte(offset: number, value: number): void {
    const { state } = this;
    const shift = (offset & 1) * 8;
    switch (offset & ~1) {
      case PM1_STS:
        state.status &= ~(value << shift) & STATUSES;
        break;
      case PM1_EN:
        state.enable = replaceByte(state.enable, shift, value) & ENABLES;
        break;
      case PM1_CNT:
        this.control(replaceByte(state.control, shift, value));
        break;
    }
  }

  /** SLP_TYP and SLP_EN share a byte, so a driver cannot set one without naming the other. */
  private control(value: number): void {
    this.state.control = value & (BM_RLD | SLP_TYP);
    if ((value & SLP_EN) !== 0 && (value & SLP_TYP) >> SLP_TYP_SHIFT === SLP_TYP_S5) this.pins.powerOff.pulse(0);
  }

  private get ticks(): number {
    return Math.max(0, Math.floor((this.pins.clock.monotonicMs() - this.state.timerStartMs) * TICKS_PER_MS));
  }

  /** §4.8.3.1.1 TMR_STS: set whenever the timer's highest bit changes. */
  private catchUp(): void {
    const { state } = this;
    const toggles = Math.floor((this.ticks * 2) / this.timerRange);
    if (toggles === state.toggles) return;
    state.toggles = toggles;
    state.status |= TMR;
  }

  private updateIrq(): void {
    const { state, pins } = this;
    pins.sci.set((state.status & state.enable & ENABLES) !== 0);
    if ((state.enable & TMR) === 0 || (state.status & TMR) !== 0) pins.timer.disarm();
    else pins.timer.arm(state.timerStartMs + ((state.toggles + 1) * this.timerRange) / 2 / TICKS_PER_MS);
  }
}

function replaceByte(register: number, shift: number, value: number): number {
  return (register & ~(0xff << shift)) | (value << shift);
}
