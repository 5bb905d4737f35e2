import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../src-main/base/clock.ts';
import { RtcCmos, RtcCmosState } from '../../../src-main/devices/legacy/rtc-cmos.ts';
import type { AccessSize } from '../../../src-main/vmm/bus/io-bus.ts';
import { Alarm, Line, placed, restored } from './pins.ts';

const START = Date.UTC(2026, 10, 22, 21, 35, 7, 250);
const MEMORY = { below4GiB: 512 << 20, above4GiB: 0 };

function cmos(memory = MEMORY, startMs = START) {
  const clock = new ManualClock(startMs, 5000);
  const irq = new Line();
  const timer = new Alarm();
  const state = placed(RtcCmosState);
  const rtc = new RtcCmos(state, { irq, timer, clock }, memory);
  const r = (index: number) => {
    rtc.write(0, 1, index);
    return rtc.read(1, 1);
  };
  const w = (index: number, value: number) => {
    rtc.write(0, 1, index);
    rtc.write(1, 1, value);
  };
  const time = () => [0x32, 9, 8, 7, 4, 2, 0].map((index) => r(index).toString(16).padStart(2, '0')).join(' ');
  /** Time passes, and the machine calls when the alarm clock says so. */
  const pass = (ms: number) => {
    const end = clock.monotonicMs() + ms;
    for (let due = timer.deadlineMs; due !== undefined && due <= end; due = timer.deadlineMs) {
      clock.advance(Math.max(0, due - clock.monotonicMs()));
      rtc.expired();
      if (timer.deadlineMs === due) throw new Error('alarm clock armed again for the time that has come');
    }
    clock.advance(end - clock.monotonicMs());
  };
  return { clock, irq, timer, state, rtc, r, w, time, pass };
}

describe('MC146818A time and calendar', () => {
  test("after power-on it tells the host's UTC in BCD and 24-hour mode, and that it is valid", () => {
    const { time, r, irq } = cmos();
    expect(time()).toBe('20 26 11 22 21 35 07');
    expect(r(6)).toBe(1);
    expect([r(0x0a), r(0x0b), r(0x0c), r(0x0d)]).toEqual([0x26, 0x02, 0x00, 0x80]);
    expect(irq.level).toBe(false);
  });

  test('DM: binary mode', () => {
    const { w, r } = cmos();
    w(0x0b, 0x06);
    expect([0x32, 9, 8, 7, 4, 2, 0].map(r)).toEqual([20, 26, 11, 22, 21, 35, 7]);
  });

  test.each([
    [0, 0x12],
    [1, 0x01],
    [11, 0x11],
    [12, 0x92],
    [13, 0x81],
    [23, 0x91],
  ])('24/12: hour %i in 12-hour mode, there and back', (hour, byte) => {
    const { w, r, time } = cmos(MEMORY, Date.UTC(2026, 0, 1, hour));
    w(0x0b, 0x00);
    expect(r(4)).toBe(byte);
    w(4, byte);
    w(0x0b, 0x02);
    expect(time()).toBe(`20 26 01 01 ${String(hour).padStart(2, '0')} 00 00`);
  });

  test('it goes on over the end of a year and of February', () => {
    const { time, pass } = cmos(MEMORY, Date.UTC(2027, 11, 31, 23, 59, 59));
    pass(1000);
    expect(time()).toBe('20 28 01 01 00 00 00');
    pass(59 * 86_400_000);
    expect(time()).toBe('20 28 02 29 00 00 00');
  });

  test("SET stops the clock for setting; what was set then runs, apart from the host's time", () => {
    const { w, time, pass, rtc, state, clock } = cmos();
    w(0x0b, 0x82);
    pass(3000);
    expect(time()).toBe('20 26 11 22 21 35 07');
    for (const [index, value] of [
      [0x32, 0x19],
      [9, 0x99],
      [8, 0x12],
      [7, 0x31],
      [4, 0x23],
      [2, 0x59],
      [0, 0x58],
    ] as const) {
      w(index, value);
    }
    w(0x0b, 0x02);
    expect(time()).toBe('19 99 12 31 23 59 58');
    pass(2000);
    expect(time()).toBe('20 00 01 01 00 00 00');
    rtc.reset();
    expect(time()).toBe('20 00 01 01 00 00 00');
    expect(clock.wallMs() + state.offsetMs).toBe(Date.UTC(2000, 0, 1, 0, 0, 0, 250));
  });

  test('a time byte written without SET takes effect at once', () => {
    const { w, time, pass } = cmos();
    w(2, 0x10);
    expect(time()).toBe('20 26 11 22 21 10 07');
    pass(750);
    expect(time()).toBe('20 26 11 22 21 10 08');
  });

  test('divider control: the first update comes half a second after the divider is released', () => {
    const { w, time, pass } = cmos();
    w(0x0a, 0x76);
    pass(5000);
    expect(time()).toBe('20 26 11 22 21 35 07');
    w(0x0a, 0x26);
    pass(499);
    expect(time()).toBe('20 26 11 22 21 35 07');
    pass(1);
    expect(time()).toBe('20 26 11 22 21 35 08');
  });

  test('UIP is set for the last 2.2 ms of a second, and never under SET', () => {
    const { r, w, pass } = cmos();
    pass(747);
    expect(r(0x0a)).toBe(0x26);
    pass(2);
    expect(r(0x0a)).toBe(0xa6);
    w(0x0b, 0x82);
    expect(r(0x0a)).toBe(0x26);
    w(0x0b, 0x02);
    pass(1);
    expect(r(0x0a)).toBe(0x26);
  });
});

describe('MC146818A interrupts', () => {
  test('UIE: one interrupt at the end of each update; reading C takes it back', () => {
    const { w, r, irq, pass } = cmos();
    w(0x0b, 0x12);
    pass(749);
    expect(irq.level).toBe(false);
    pass(1);
    expect(irq.level).toBe(true);
    expect(r(0x0c) & ~0x40).toBe(0x90);
    expect(irq.level).toBe(false);
    expect(r(0x0c)).toBe(0);
    pass(1000);
    expect(irq.edges).toBe(2);
  });

  test('an interrupt nobody takes is not told again, and needs no timer', () => {
    const { w, irq, pass, timer } = cmos();
    w(0x0b, 0x12);
    pass(10_000);
    expect(irq.edges).toBe(1);
    expect(timer.deadlineMs).toBeUndefined();
  });

  test("AIE: at the alarm's second, and a day later", () => {
    const { w, r, irq, pass } = cmos();
    for (const [index, value] of [
      [5, 0x21],
      [3, 0x36],
      [1, 0x00],
    ] as const)
      w(index, value);
    w(0x0b, 0x22);
    pass(52_749);
    expect(irq.level).toBe(false);
    pass(1);
    expect(irq.level).toBe(true);
    expect(r(0x0c) & ~0x40).toBe(0xb0);
    pass(86_399_999);
    expect(irq.edges).toBe(1);
    pass(1);
    expect(irq.edges).toBe(2);
  });

  test('alarm bytes from 0xc0 up are "don\'t care": every minute, at second 30', () => {
    const { w, r, irq, pass } = cmos();
    for (const [index, value] of [
      [5, 0xff],
      [3, 0xc0],
      [1, 0x30],
    ] as const)
      w(index, value);
    w(0x0b, 0x22);
    for (let minute = 0; minute < 5; minute++) {
      pass(60_000);
      r(0x0c);
    }
    expect(irq.edges).toBe(5);
  });

  test('an alarm that no time matches never comes', () => {
    const { w, pass, irq, timer } = cmos();
    w(1, 0x75);
    w(0x0b, 0x22);
    expect(timer.deadlineMs).toBeUndefined();
    pass(200_000_000);
    expect(irq.edges).toBe(0);
  });

  test.each([
    [0x26, 1024],
    [0x2f, 2],
    [0x21, 256],
    [0x22, 128],
    [0x23, 8192],
  ])('PIE: register A %i makes %i interrupts a second', (a, rate) => {
    const { w, r, irq, pass } = cmos();
    w(0x0a, a);
    w(0x0b, 0x42);
    for (let i = 0; i < 2 * rate; i++) {
      pass(1000 / rate);
      expect(r(0x0c) & 0xc0).toBe(0xc0);
    }
    expect(irq.edges).toBe(2 * rate);
  });

  test('rate 0 makes none', () => {
    const { w, irq, pass } = cmos();
    w(0x0a, 0x20);
    w(0x0b, 0x42);
    pass(5000);
    expect(irq.edges).toBe(0);
  });

  test('flags are set without their enables, and interrupt nobody', () => {
    const { r, irq, pass } = cmos();
    pass(1000);
    expect(r(0x0c)).toBe(0x50);
    expect(irq.edges).toBe(0);
  });

  test('disabling an untold cause lowers the line; enabling it raises it', () => {
    const { w, irq, pass } = cmos();
    w(0x0b, 0x12);
    pass(1000);
    w(0x0b, 0x02);
    expect(irq.level).toBe(false);
    w(0x0b, 0x12);
    expect(irq.level).toBe(true);
  });

  test('register B: SET clears UIE', () => {
    const { w, r } = cmos();
    w(0x0b, 0x92);
    expect(r(0x0b)).toBe(0x82);
  });

  test('RESET clears enables and flags, and leaves time and RAM', () => {
    const { w, r, rtc, irq, pass, time } = cmos();
    w(0x50, 0xa5);
    w(0x0b, 0x72);
    pass(1000);
    rtc.reset();
    expect([r(0x0b), r(0x0c), r(0x50), irq.level]).toEqual([0x02, 0, 0xa5, false]);
    expect(time()).toBe('20 26 11 22 21 35 08');
  });
});

describe('CMOS RAM', () => {
  test('firmware finds 5 GiB of RAM in the size bytes', () => {
    const { r } = cmos({ below4GiB: 3 * 2 ** 30, above4GiB: 2 * 2 ** 30 });
    expect(r(0x15) | (r(0x16) << 8)).toBe(640);
    expect(r(0x30) | (r(0x31) << 8)).toBe(0xffff);
    expect(16 + (r(0x34) | (r(0x35) << 8)) / 16).toBe(3072);
    expect((r(0x5b) | (r(0x5c) << 8) | (r(0x5d) << 16)) / 16).toBe(2048);
  });

  test('bit 7 of the index masks NMIs and selects nothing; the index port reads as nothing', () => {
    const { r, w, rtc } = cmos();
    w(0xd0, 0x11);
    expect(r(0x50)).toBe(0x11);
    expect(rtc.read(0, 1)).toBe(0xff);
  });

  test("a thread that attaches later leaves the guest's bytes alone", () => {
    const { w, state, r, clock } = cmos();
    w(0x15, 0x99);
    new RtcCmos(state, { irq: new Line(), timer: new Alarm(), clock }, MEMORY);
    expect(r(0x15)).toBe(0x99);
  });
});

const access = fc.record({
  write: fc.boolean(),
  offset: fc.nat(3),
  size: fc.constantFrom<AccessSize>(1, 2, 4),
  value: fc.oneof(fc.nat(0xffff_ffff), fc.nat(0x0f)),
  ms: fc.oneof(fc.nat(2000), fc.nat(2 ** 40)),
});

test('a hostile driver gets bytes in range, whatever it does', () => {
  fc.assert(
    fc.property(fc.array(access, { maxLength: 200 }), (accesses) => {
      const { rtc, clock, timer } = cmos();
      for (const { write, offset, size, value, ms } of accesses) {
        if (write) rtc.write(offset, size, value);
        else
          expect(rtc.read(offset, size)).toSatisfy((got: number) => Number.isInteger(got) && got >= 0 && got <= 0xff);
        if (timer.deadlineMs !== undefined) expect(Number.isFinite(timer.deadlineMs)).toBe(true);
        clock.advance(ms);
        rtc.expired();
      }
    }),
  );
});

test('a machine saved in the middle of a second goes on identically', () => {
  const saved = cmos();
  saved.w(0, 0x30);
  saved.w(1, 0x45);
  saved.w(0x0a, 0x2e);
  saved.w(0x0b, 0x72);
  saved.pass(333);
  const irq = new Line();
  const timer = new Alarm();
  const copy = new RtcCmos(restored(RtcCmosState, saved.state), { irq, timer, clock: saved.clock }, MEMORY);
  copy.expired();
  for (let i = 0; i < 40; i++) {
    saved.rtc.expired();
    copy.expired();
    expect([irq.level, timer.deadlineMs]).toEqual([saved.irq.level, saved.timer.deadlineMs]);
    for (const index of [0, 2, 4, 0x0a, 0x0c]) {
      copy.write(0, 1, index);
      expect(copy.read(1, 1)).toBe(saved.r(index));
    }
    saved.clock.advance(171);
  }
});

test('restored where the monotonic clock stands elsewhere, periodic interrupts go on', () => {
  const { state, w } = cmos();
  w(0x0b, 0x42);
  const irq = new Line();
  const clock = new ManualClock(START + 1000, 1);
  const rtc = new RtcCmos(state, { irq, timer: new Alarm(), clock }, MEMORY);
  rtc.restored();
  clock.advance(1);
  rtc.expired();
  expect(irq.level).toBe(true);
});
