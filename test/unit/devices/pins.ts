import { Arena, type Fields, type Shared, type StructType } from '../../../src-main/base/shared-struct.ts';
import type { IrqLine } from '../../../src-main/vmm/interrupts/irq-line.ts';
import type { SignalPin } from '../../../src-main/vmm/interrupts/signal-pin.ts';
import type { TimerPin } from '../../../src-main/vmm/interrupts/timer-pin.ts';

/** An interrupt line as an edge-triggered input sees it. */
export class Line implements IrqLine {
  level = false;
  edges = 0;

  set(level: boolean): void {
    if (level && !this.level) this.edges++;
    this.level = level;
  }
}

export class Pulses implements SignalPin {
  readonly values: number[] = [];

  pulse(value: number): void {
    this.values.push(value);
  }
}

export class Alarm implements TimerPin {
  deadlineMs: number | undefined;

  arm(deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
  }

  disarm(): void {
    this.deadlineMs = undefined;
  }
}

const arenas = new WeakMap<object, SharedArrayBuffer>();

/** One struct at its reset values, in an arena of its own. */
export function placed<F extends Fields>(type: StructType<F>): Shared<F> {
  const arena = Arena.build(4096);
  const state = arena.place(type, 'chip');
  arenas.set(state, arena.buffer);
  return state;
}

/** The struct over a copy of the bytes of the arena that `placed` made for `saved`. */
export function restored<F extends Fields>(type: StructType<F>, saved: Shared<F>): Shared<F> {
  const source = new Uint8Array(arenas.get(saved)!);
  const buffer = new SharedArrayBuffer(source.length);
  new Uint8Array(buffer).set(source);
  return type.at(buffer, 0);
}
