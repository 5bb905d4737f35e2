/**
 * MC146818A real-time clock with 128 bytes of CMOS RAM (Motorola MC146818A, 1984), at ports 0x70 and 0x71 of a PC: time,
 * alarm, periodic and update-ended interrupts. No square wave, no daylight saving. Guest driver: Linux rtc-cmos.
 */
import type { Clock } from '../../base/clock.ts';
import { bytes, f64, type SharedOf, struct, u8 } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import type { IrqLine } from '../../vmm/interrupts/irq-line.ts';
import type { TimerPin } from '../../vmm/interrupts/timer-pin.ts';
import {
  type ByteFormat,
  DAY_OF_WEEK,
  decodeTime,
  encodeTime,
  isTimeByte,
  modulo,
  secondsToAlarm,
} from './rtc-time.ts';

const INDEX = 0;
const DATA = 1;

const REGISTER_A = 0x0a;
const REGISTER_B = 0x0b;
const REGISTER_C = 0x0c;
const REGISTER_D = 0x0d;

// Register A: update in progress, divider chain, rate selection.
const A_UIP = 0x80;
const A_DIVIDER = 0x70;
/** DV2 and DV1 set hold the divider chain in reset, whatever DV0 ("Divider stages"). */
const A_DIVIDER_RESET = 0x60;
const A_RATE = 0x0f;
const A_RESET = 0x26;
// Register B
const B_SET = 0x80;
const B_PIE = 0x40;
const B_AIE = 0x20;
const B_UIE = 0x10;
const B_SQWE = 0x08;
const B_BINARY = 0x04;
const B_24_HOURS = 0x02;
// Register C; PF, AF and UF stand where their enables stand in B.
const C_IRQF = 0x80;
const C_PF = 0x40;
const C_AF = 0x20;
const C_UF = 0x10;
// Register D: RAM and time valid.
const D_VRT = 0x80;

/** UIP rises 244 µs before the update, which lasts 1984 µs ("Update cycle", 32.768 kHz time base). */
const UPDATE_MS = 2.228;
/** After a divider reset the first update comes half a second later ("Divider control"). */
const DIVIDER_RELEASE_MS = 500;
const INDEX_MASK = 0x7f;

export const RtcCmosState = struct('rtc-cmos', 1, {
  index: u8(0),
  /** RAM, alarm bytes, and the time bytes while the guest holds the clock; those are stale otherwise. */
  cmos: bytes(128),
  a: u8(A_RESET),
  b: u8(B_24_HOURS),
  flags: u8(0),
  /** Guest time minus the host's wall clock. */
  offsetMs: f64(0),
  /** The last second of guest time that was looked at for UF and AF, since 1970. */
  lastSecond: f64(0),
  /** Monotonic time of the next periodic tick. */
  nextPeriodicMs: f64(0),
  /** 1 once a thread has written the memory sizes: later ones attach to a guest's CMOS. */
  powered: u8(0),
});
export type RtcCmosState = SharedOf<typeof RtcCmosState>;

export interface RtcCmosPins {
  readonly irq: IrqLine;
  readonly timer: TimerPin;
  readonly clock: Clock;
}

/** RAM in bytes, below and above 4 GiB, for the size bytes firmware reads. */
export interface CmosMemory {
  readonly below4GiB: number;
  readonly above4GiB: number;
}

export class RtcCmos implements IoDevice {
  readonly widest = 1;

  constructor(
    readonly state: RtcCmosState,
    private readonly pins: RtcCmosPins,
    memory: CmosMemory,
  ) {
    if (state.powered !== 0) return;
    state.powered = 1;
    writeMemorySizes(state.cmos, memory);
    state.lastSecond = this.currentSecond;
    this.startPeriodic();
  }

  read(offset: number, _size: AccessSize): number {
    if (offset !== DATA) return 0xff;
    const value = this.readRegister(this.state.index);
    this.updateIrq();
    return value;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    // Bit 7 of the index masks NMIs on a PC; there are none here.
    if (offset === INDEX) this.state.index = value & INDEX_MASK;
    if (offset !== DATA) return;
    this.writeRegister(this.state.index, value & 0xff);
    this.updateIrq();
  }

  /** Host side, under the lock: the armed time has come. */
  expired(): void {
    this.catchUp();
    this.updateIrq();
  }

  /** Host side, under the lock: state was restored, perhaps where the monotonic clock stands elsewhere. */
  restored(): void {
    this.startPeriodic();
    this.expired();
  }

  /** Host side, under the lock: the RESET pin, which leaves time and RAM alone ("RESET" pin description). */
  reset(): void {
    const { state } = this;
    this.catchUp();
    state.b &= ~(B_PIE | B_AIE | B_UIE | B_SQWE);
    state.flags = 0;
    state.index = 0;
    this.updateIrq();
  }

  private readRegister(index: number): number {
    const { state } = this;
    switch (index) {
      case REGISTER_A:
        return this.updateInProgress ? state.a | A_UIP : state.a;
      case REGISTER_B:
        return state.b;
      case REGISTER_C:
        return this.takeFlags();
      case REGISTER_D:
        return D_VRT;
      default:
        if (isTimeByte(index) && !this.held) encodeTime(state.cmos, this.guestMs, this.format);
        return state.cmos[index]!;
    }
  }

  private writeRegister(index: number, value: number): void {
    const { state } = this;
    if (index === REGISTER_C || index === REGISTER_D) return;
    this.catchUp();
    if (index === REGISTER_A) {
      const tickChanged = ((state.a ^ value) & (A_RATE | A_DIVIDER)) !== 0;
      this.control(value & ~A_UIP, state.b);
      if (tickChanged) this.startPeriodic();
    } else if (index === REGISTER_B) {
      // SET clears UIE (register B, bit 7).
      this.control(state.a, (value & B_SET) !== 0 ? value & ~B_UIE : value);
    } else if (isTimeByte(index) && !this.held) {
      this.adjust(index, value);
    } else {
      state.cmos[index] = value;
    }
  }

  /** Sets registers A and B, which may stop the clock with its time in the bytes, or start it from them. */
  private control(a: number, b: number): void {
    const { state } = this;
    const wasHeld = this.held;
    const wasDividerHeld = this.dividerHeld;
    if (!wasHeld) encodeTime(state.cmos, this.guestMs, this.format);
    state.a = a;
    state.b = b;
    if (wasHeld && !this.held) {
      this.setTime(wasDividerHeld ? DIVIDER_RELEASE_MS : modulo(this.guestMs, 1000));
    }
  }

  /** A time byte written while the clock runs. Departs from the MC146818A: the day of the week follows from the date. */
  private adjust(index: number, value: number): void {
    if (index === DAY_OF_WEEK) return;
    const fraction = modulo(this.guestMs, 1000);
    encodeTime(this.state.cmos, this.guestMs, this.format);
    this.state.cmos[index] = value;
    this.setTime(fraction);
  }

  /** Makes the bytes the guest's time, `fraction` ms into their second. */
  private setTime(fraction: number): void {
    const { state } = this;
    state.offsetMs = decodeTime(state.cmos, this.format) + fraction - this.pins.clock.wallMs();
    state.lastSecond = this.currentSecond;
  }

  private takeFlags(): number {
    this.catchUp();
    const { state } = this;
    const value = state.flags | (this.interrupting ? C_IRQF : 0);
    state.flags = 0;
    return value;
  }

  /** Sets the flags of everything that happened since the last look. */
  private catchUp(): void {
    const { state } = this;
    const period = this.periodMs;
    const now = this.pins.clock.monotonicMs();
    if (period > 0 && now >= state.nextPeriodicMs) {
      state.flags |= C_PF;
      state.nextPeriodicMs += (Math.floor((now - state.nextPeriodicMs) / period) + 1) * period;
    }
    const second = this.currentSecond;
    if (this.held || second === state.lastSecond) {
      state.lastSecond = second;
      return;
    }
    const wait = secondsToAlarm(state.cmos, state.lastSecond, this.format);
    if (wait > 0 && second >= state.lastSecond + wait) state.flags |= C_AF;
    state.flags |= C_UF;
    state.lastSecond = second;
  }

  private startPeriodic(): void {
    this.state.nextPeriodicMs = this.pins.clock.monotonicMs() + this.periodMs;
  }

  private get format(): ByteFormat {
    const { b } = this.state;
    return { binary: (b & B_BINARY) !== 0, hours24: (b & B_24_HOURS) !== 0 };
  }

  private get guestMs(): number {
    return this.pins.clock.wallMs() + this.state.offsetMs;
  }

  private get currentSecond(): number {
    return Math.floor(this.guestMs / 1000);
  }

  private get dividerHeld(): boolean {
    return (this.state.a & A_DIVIDER & A_DIVIDER_RESET) === A_DIVIDER_RESET;
  }

  /** The guest has stopped the clock to set it. */
  private get held(): boolean {
    return (this.state.b & B_SET) !== 0 || this.dividerHeld;
  }

  private get updateInProgress(): boolean {
    return !this.held && modulo(this.guestMs, 1000) >= 1000 - UPDATE_MS;
  }

  /** "Periodic interrupt selection", 32.768 kHz time base; rates 1 and 2 repeat 8 and 9. 0 for none. */
  private get periodMs(): number {
    const rate = this.state.a & A_RATE;
    if (rate === 0 || this.dividerHeld) return 0;
    return (1000 * 2 ** ((rate < 3 ? rate + 7 : rate) - 1)) / 32_768;
  }

  private get interrupting(): boolean {
    return (this.state.flags & this.state.b & (C_PF | C_AF | C_UF)) !== 0;
  }

  /** Also arms the timer for the next enabled cause that is not told yet: one untold cause needs no second alarm. */
  private updateIrq(): void {
    const { irq, timer } = this.pins;
    irq.set(this.interrupting);
    const deadline = this.nextDeadline();
    if (deadline === Number.POSITIVE_INFINITY) timer.disarm();
    else timer.arm(deadline);
  }

  private nextDeadline(): number {
    const { state, pins } = this;
    const waiting = state.b & ~state.flags;
    let deadline = Number.POSITIVE_INFINITY;
    if ((waiting & B_PIE) !== 0 && this.periodMs > 0) deadline = state.nextPeriodicMs;
    if (this.held || (waiting & (B_UIE | B_AIE)) === 0) return deadline;
    const wait = (waiting & B_UIE) !== 0 ? 1 : secondsToAlarm(state.cmos, state.lastSecond, this.format);
    if (wait < 0) return deadline;
    const untilMs = (state.lastSecond + wait) * 1000 - this.guestMs;
    return Math.min(deadline, pins.clock.monotonicMs() + Math.max(0, untilMs));
  }
}

/** Where SeaBIOS and other firmware look for RAM sizes (SeaBIOS src/fw/paravirt.c `qemu_preinit`, `ramsize_preinit`). */
function writeMemorySizes(cmos: Uint8Array, { below4GiB, above4GiB }: CmosMemory): void {
  const baseKiB = Math.min(640, below4GiB >>> 10);
  const extendedKiB = clamp((below4GiB - 0x10_0000) / 1024, 0xffff);
  const over16MiB = clamp((below4GiB - 0x100_0000) / 0x1_0000, 0xffff);
  const over4GiB = clamp(above4GiB / 0x1_0000, 0xff_ffff);
  const sizes: [number, number][] = [
    [0x15, baseKiB],
    [0x16, baseKiB >> 8],
    [0x17, extendedKiB],
    [0x18, extendedKiB >> 8],
    [0x30, extendedKiB],
    [0x31, extendedKiB >> 8],
    [0x34, over16MiB],
    [0x35, over16MiB >> 8],
    [0x5b, over4GiB],
    [0x5c, over4GiB >> 8],
    [0x5d, over4GiB >> 16],
  ];
  for (const [index, value] of sizes) cmos[index] = value;
}

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(max, Math.floor(value)));
}
