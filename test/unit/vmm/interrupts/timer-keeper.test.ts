import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../../../src-main/base/clock.ts';
import { Arena } from '../../../../src-main/base/shared-struct.ts';
import { IrqLineState, SharedIrqLine } from '../../../../src-main/vmm/interrupts/irq-line.ts';
import { SharedTimer, TimerState } from '../../../../src-main/vmm/interrupts/shared-timer.ts';
import { TimerKeeper } from '../../../../src-main/vmm/interrupts/timer-keeper.ts';

describe('the keeper of a machine’s timers', () => {
  let clock: ManualClock;
  let timers: SharedTimer[];
  let expired: number[];
  let keeper: TimerKeeper;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    clock = new ManualClock(0, 1000);
    expired = [];
    const arena = Arena.build(4096);
    const changed = () => keeper.update();
    timers = [0, 1].map((index) => new SharedTimer(arena.place(TimerState, `timer-${index}`), changed));
    const kept = timers.map(({ state }, index) => ({ state, expired: () => void expired.push(index) }));
    keeper = new TimerKeeper(kept, clock);
  });
  afterEach(() => {
    keeper.dispose();
    vi.useRealTimers();
  });

  function pass(ms: number): void {
    for (let i = 0; i < ms; i++) {
      clock.advance(1);
      vi.advanceTimersByTime(1);
    }
  }

  it('fires each when it is due, once', () => {
    timers[0]!.arm(1020);
    timers[1]!.arm(1010);
    pass(9);
    expect(expired).toEqual([]);
    pass(1);
    expect(expired).toEqual([1]);
    pass(100);
    expect(expired).toEqual([1, 0]);
  });

  it('forgets a disarmed one, and takes the later of two deadlines that replaced each other', () => {
    timers[0]!.arm(1005);
    timers[0]!.disarm();
    timers[1]!.arm(1005);
    timers[1]!.arm(1050);
    pass(49);
    expect(expired).toEqual([]);
    pass(1);
    expect(expired).toEqual([1]);
  });

  it('sleeps towards a deadline further away than setTimeout counts', () => {
    timers[0]!.arm(1000 + 2 ** 32);
    vi.advanceTimersByTime(2 ** 31);
    expect(expired).toEqual([]);
    expect(vi.getTimerCount()).toBe(1);
  });
});

describe('an interrupt line shared by threads', () => {
  it('tells the interrupt chip of changes only, whichever of its ends makes them', () => {
    const arena = Arena.build(4096);
    const state = arena.place(IrqLineState, 'irq4');
    const driven: [number, boolean][] = [];
    const ends = [0, 1].map((end) => new SharedIrqLine(state, (level) => void driven.push([end, level])));
    ends[0]!.set(true);
    ends[1]!.set(true);
    ends[1]!.set(false);
    ends[0]!.set(false);
    expect(driven).toEqual([
      [0, true],
      [1, false],
    ]);
  });
});
