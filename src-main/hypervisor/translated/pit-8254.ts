/**
 * Intel 8254 programmable interval timer with port 0x61 around it: counter 0 drives IRQ 0, counter 2 the speaker gate.
 * 231164-005 (8254 data sheet); counter 1 (DRAM refresh) counts and drives nothing. Stands where KVM's in-kernel PIT stands;
 * Linux's `i8253` clock event, its TSC and LAPIC calibration, and firmware use it.
 */
import { f64, type SharedOf, struct, u8, u16, u32 } from '../../base/shared-struct.ts';
import type { IoDevice } from '../../vmm/bus/io-bus.ts';

const CONTROL = 3;
const READ_BACK = 3;

const ACCESS = { latch: 0, low: 1, high: 2, both: 3 } as const;
const STATUS = { out: 0x80, nullCount: 0x40 } as const;
const PORT_61 = { gate2: 0x01, speaker: 0x02, refresh: 0x10, out2: 0x20 } as const;

/** 14.31818 MHz / 12. */
const TICKS_PER_MS = 1193.1816667;
/** What a time in milliseconds may have lost in the last binary place. */
const ROUNDING_TICKS = 1e-6;
/** How often the refresh bit of port 0x61 changes. */
const REFRESH_MS = 0.015085;

export const PitCounterState = struct('pit-8254-counter', 1, {
  mode: u8(),
  access: u8(ACCESS.both),
  bcd: u8(),
  gate: u8(1),
  /** Initial count, 1–65536. */
  reload: u32(0x1_0000),
  /** 1 once a count was written after the control word. */
  loaded: u8(),
  lowByte: u8(),
  writeHigh: u8(),
  readHigh: u8(),
  latchedBytes: u8(),
  latch: u16(),
  statusLatched: u8(),
  status: u8(),
  /** Guest time when counting began, ms; moved on while the gate holds it. */
  startMs: f64(),
  /** Guest time since when the gate holds counting, ms. */
  heldMs: f64(),
  /** How many rising edges of OUT were delivered since counting began. */
  edges: f64(),
});
export type PitCounterState = SharedOf<typeof PitCounterState>;

export const SystemControlBState = struct('system-control-b', 1, { control: u8() });
export type SystemControlBState = SharedOf<typeof SystemControlBState>;

export interface PitPins {
  /** A rising edge of counter 0's OUT. */
  irq0(): void;
  nowMs(): number;
}

/** Counters at offsets 0–2, control word at 3 (§"Programming the 8254"). */
export class Pit8254 implements IoDevice {
  readonly widest = 1;

  constructor(
    private readonly counters: readonly [PitCounterState, PitCounterState, PitCounterState],
    private readonly pins: PitPins,
  ) {}

  read(offset: number): number {
    return offset === CONTROL ? 0xff : this.readCounter(this.counters[offset]!);
  }

  write(offset: number, _size: number, value: number): void {
    if (offset === CONTROL) this.writeControl(value);
    else this.writeCounter(this.counters[offset]!, value);
  }

  /** Delivers what counter 0 owes; milliseconds until it owes again, Infinity when never. */
  expire(nowMs: number): number {
    const counter = this.counters[0];
    const period = this.edgePeriod(counter);
    if (period === 0) return Infinity;
    const elapsed = ticks(counter, nowMs);
    const due = Math.min(Math.floor(elapsed / period), oneShot(counter) ? 1 : Infinity);
    if (due > counter.edges) {
      counter.edges = due;
      this.pins.irq0();
    }
    if (oneShot(counter) && counter.edges > 0) return Infinity;
    return ((counter.edges + 1) * period - elapsed) / TICKS_PER_MS;
  }

  out(index: 0 | 1 | 2): boolean {
    return output(this.counters[index]!, this.pins.nowMs());
  }

  /** Counter 2's gate, from port 0x61. */
  setGate2(level: boolean): void {
    const counter = this.counters[2];
    const now = this.pins.nowMs();
    if ((counter.gate === 1) === level) return;
    counter.gate = level ? 1 : 0;
    if (!level) counter.heldMs = now;
    else if (counter.mode === 0 || counter.mode === 4) counter.startMs += now - counter.heldMs;
    else counter.startMs = now;
  }

  reset(): void {
    for (const counter of this.counters) counter.reset();
    this.counters[2].gate = 0;
  }

  /** Ticks between rising edges of OUT; 0 when there will be none. */
  private edgePeriod(counter: PitCounterState): number {
    const counting = counter.loaded === 1 && counter.mode !== 1 && counter.mode !== 5;
    return counting ? counter.reload : 0;
  }

  private writeControl(value: number): void {
    const select = value >> 6;
    if (select === READ_BACK) {
      for (const i of [0, 1, 2] as const) if (value & (2 << i)) this.readBack(this.counters[i], value);
      return;
    }
    const counter = this.counters[select]!;
    const access = (value >> 4) & 3;
    if (access === ACCESS.latch) {
      this.latchCount(counter);
      return;
    }
    const mode = (value >> 1) & 7;
    counter.mode = mode > 5 ? mode - 4 : mode;
    counter.access = access;
    counter.bcd = value & 1;
    counter.loaded = 0;
    counter.writeHigh = 0;
    counter.readHigh = 0;
    counter.latchedBytes = 0;
    counter.statusLatched = 0;
  }

  /** Read-back command: bit 5 clear latches counts, bit 4 clear latches status. */
  private readBack(counter: PitCounterState, value: number): void {
    if (!(value & 0x20)) this.latchCount(counter);
    if (value & 0x10 || counter.statusLatched === 1) return;
    const out = output(counter, this.pins.nowMs()) ? STATUS.out : 0;
    const pending = counter.loaded === 1 ? 0 : STATUS.nullCount;
    counter.status = out | pending | (counter.access << 4) | (counter.mode << 1) | counter.bcd;
    counter.statusLatched = 1;
  }

  private latchCount(counter: PitCounterState): void {
    if (counter.latchedBytes > 0) return;
    counter.latch = this.currentCount(counter);
    counter.latchedBytes = counter.access === ACCESS.both ? 2 : 1;
  }

  private readCounter(counter: PitCounterState): number {
    if (counter.statusLatched === 1) {
      counter.statusLatched = 0;
      return counter.status;
    }
    const count = counter.latchedBytes > 0 ? counter.latch : this.currentCount(counter);
    if (counter.latchedBytes > 0) counter.latchedBytes--;
    const high = counter.access === ACCESS.high || (counter.access === ACCESS.both && counter.readHigh === 1);
    if (counter.access === ACCESS.both) counter.readHigh ^= 1;
    return high ? count >> 8 : count & 0xff;
  }

  private writeCounter(counter: PitCounterState, value: number): void {
    if (counter.access === ACCESS.both && counter.writeHigh === 0) {
      counter.lowByte = value;
      counter.writeHigh = 1;
      if (counter.mode === 0) counter.loaded = 0;
      return;
    }
    counter.writeHigh = 0;
    const raw =
      counter.access === ACCESS.low
        ? value
        : counter.access === ACCESS.high
          ? value << 8
          : counter.lowByte | (value << 8);
    const count = counter.bcd === 1 ? fromBcd(raw) : raw;
    counter.reload = count === 0 ? modulus(counter) : count;
    counter.loaded = 1;
    counter.startMs = this.pins.nowMs();
    counter.heldMs = counter.startMs;
    counter.edges = 0;
  }

  private currentCount(counter: PitCounterState): number {
    const { reload, mode } = counter;
    const size = modulus(counter);
    const elapsed = counter.loaded === 1 ? ticks(counter, this.pins.nowMs()) : 0;
    let count: number;
    if (mode === 2) count = reload - (elapsed % reload);
    else if (mode === 3) count = reload - ((2 * elapsed) % reload);
    else count = (reload - (elapsed % size) + size) % size;
    return counter.bcd === 1 ? toBcd(count % size) : count & 0xffff;
  }
}

/** Port 0x61: counter 2's gate and output, and the refresh bit that old delay loops watch (IBM PC AT, system port B). */
export class SystemControlB implements IoDevice {
  readonly widest = 1;

  constructor(
    private readonly state: SystemControlBState,
    private readonly pit: Pit8254,
    private readonly nowMs: () => number,
  ) {}

  read(): number {
    const refresh = Math.floor(this.nowMs() / REFRESH_MS) & 1 ? PORT_61.refresh : 0;
    return this.state.control | refresh | (this.pit.out(2) ? PORT_61.out2 : 0);
  }

  write(_offset: number, _size: number, value: number): void {
    this.state.control = value & (PORT_61.gate2 | PORT_61.speaker);
    this.pit.setGate2((value & PORT_61.gate2) !== 0);
  }

  reset(): void {
    this.state.reset();
  }
}

function ticks(counter: PitCounterState, nowMs: number): number {
  const until = counter.gate === 1 ? nowMs : Math.min(nowMs, counter.heldMs);
  return Math.max(0, Math.floor((until - counter.startMs) * TICKS_PER_MS + ROUNDING_TICKS));
}

function oneShot({ mode }: PitCounterState): boolean {
  return mode === 0 || mode === 4;
}

/** OUT by mode (§"Mode Definitions"). */
function output(counter: PitCounterState, nowMs: number): boolean {
  const { mode, reload } = counter;
  if (counter.loaded === 0) return mode !== 0;
  const elapsed = ticks(counter, nowMs);
  if (mode === 0 || mode === 1) return elapsed >= reload;
  if (mode === 2) return counter.gate === 0 || elapsed % reload !== reload - 1;
  if (mode === 3) return counter.gate === 0 || elapsed % reload < Math.ceil(reload / 2);
  return elapsed !== reload;
}

function modulus({ bcd }: PitCounterState): number {
  return bcd === 1 ? 10_000 : 0x1_0000;
}

function fromBcd(value: number): number {
  return (value >> 12) * 1000 + ((value >> 8) & 15) * 100 + ((value >> 4) & 15) * 10 + (value & 15);
}

function toBcd(value: number): number {
  return (
    (Math.floor(value / 1000) << 12) |
    ((Math.floor(value / 100) % 10) << 8) |
    ((Math.floor(value / 10) % 10) << 4) |
    (value % 10)
  );
}
