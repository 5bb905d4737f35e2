import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../src-main/base/clock.ts';
import { AcpiPm, AcpiPmState, SLP_TYP_S5 } from '../../../src-main/devices/acpi/pm.ts';
import type { AccessSize } from '../../../src-main/vmm/bus/io-bus.ts';
import { Alarm, Line, Pulses, placed, restored } from './pins.ts';

const STS = 0;
const EN = 2;
const CNT = 4;
const TIMER = 8;
const TICKS_PER_MS = 3579.545;

function fixedHardware(timerBits: 24 | 32 = 32) {
  const clock = new ManualClock();
  const sci = new Line();
  const powerOff = new Pulses();
  const timer = new Alarm();
  const state = placed(AcpiPmState);
  const pins = { sci, powerOff, timer, clock };
  return { clock, sci, powerOff, timer, state, pins, pm: new AcpiPm(state, pins, timerBits) };
}

test('ACPI 6.4 §4.8.3: after power-on no status, no enable, ACPI mode, timer at zero', () => {
  const { pm, sci, timer } = fixedHardware();
  expect([pm.read(STS, 2), pm.read(EN, 2), pm.read(CNT, 2), pm.read(TIMER, 4)]).toEqual([0, 0, 1, 0]);
  expect(sci.level).toBe(false);
  expect(timer.deadlineMs).toBeUndefined();
});

describe('power button', () => {
  test('ACPI 6.4 §4.8.2.2.1: pressed and enabled it raises the SCI until its status is written with 1', () => {
    const { pm, sci } = fixedHardware();
    pm.write(EN, 2, 0x0100);
    pm.pressPowerButton();
    expect(sci.level).toBe(true);
    expect(pm.read(STS, 2)).toBe(0x0100);
    pm.write(STS, 2, 0x0001);
    expect(sci.level).toBe(true);
    pm.write(STS, 2, 0x0100);
    expect(sci.level).toBe(false);
    expect(pm.read(STS, 2)).toBe(0);
  });

  test('ACPI 6.4 §4.8.3.1.2: not enabled it waits; enabling raises the SCI, disabling lowers it', () => {
    const { pm, sci } = fixedHardware();
    pm.pressPowerButton();
    expect(sci.level).toBe(false);
    pm.write(EN, 2, 0x0100);
    expect(sci.level).toBe(true);
    pm.write(EN, 2, 0);
    expect(sci.level).toBe(false);
  });
});

test('ACPI 6.4 §4.8.3.1.2: PM1 enable keeps the five defined bits, by byte, word or double word', () => {
  const { pm } = fixedHardware();
  pm.write(EN, 2, 0xffff);
  expect(pm.read(EN, 2)).toBe(0x0721);
  pm.write(EN + 1, 1, 0);
  expect(pm.read(EN, 2)).toBe(0x0021);
  pm.write(STS, 4, 0x0100_ffff);
  expect(pm.read(STS, 4)).toBe(0x0100_0000);
});

describe('PM1 control', () => {
  test('ACPI 6.4 §4.8.3.2.1: SCI_EN stays set, SLP_EN and GBL_RLS read as zero', () => {
    const { pm } = fixedHardware();
    pm.write(CNT, 2, 0xffff & ~(SLP_TYP_S5 << 10));
    expect(pm.read(CNT, 2)).toBe(0x0803);
    pm.write(CNT, 2, 0);
    expect(pm.read(CNT, 2)).toBe(1);
  });

  test('ACPI 6.4 §4.8.3.2.1: SLP_EN with the S5 type powers off, in one write or, as ACPICA does, in two', () => {
    const { pm, powerOff } = fixedHardware();
    pm.write(CNT, 2, (SLP_TYP_S5 << 10) | 1);
    expect(powerOff.values).toEqual([]);
    pm.write(CNT, 2, (SLP_TYP_S5 << 10) | 0x2001);
    expect(powerOff.values).toEqual([0]);
    pm.write(CNT + 1, 1, (SLP_TYP_S5 << 2) | 0x20);
    expect(powerOff.values).toEqual([0, 0]);
  });

  test('other sleep types are ignored', () => {
    const { pm, powerOff } = fixedHardware();
    for (let type = 0; type < 8; type++) if (type !== SLP_TYP_S5) pm.write(CNT, 2, (type << 10) | 0x2000);
    expect(powerOff.values).toEqual([]);
  });
});

describe('PM timer', () => {
  test('ACPI 6.4 §4.8.3.3: counts at 3.579545 MHz', () => {
    const { pm, clock } = fixedHardware();
    clock.advance(1000);
    expect(pm.read(TIMER, 4)).toBe(3_579_545);
    expect(pm.read(TIMER, 2)).toBe(3_579_545 & 0xffff);
    expect(pm.read(TIMER + 2, 2)).toBe(3_579_545 >> 16);
    pm.write(TIMER, 4, 0);
    expect(pm.read(TIMER, 4)).toBe(3_579_545);
  });

  test.each([24, 32] as const)('ACPI 6.4 §4.8.3.3: wraps after %i bits', (bits) => {
    const { pm, clock } = fixedHardware(bits);
    clock.advance((2 ** bits + 1000) / TICKS_PER_MS);
    expect(Math.abs(pm.read(TIMER, 4) - 1000)).toBeLessThanOrEqual(1);
  });

  test.each([24, 32] as const)(
    'ACPI 6.4 §4.8.3.1.1: TMR_STS when bit n-1 of %i changes either way, and the SCI with it',
    (bits) => {
      const { pm, clock, sci, timer } = fixedHardware(bits);
      pm.write(EN, 2, 1);
      for (let i = 1; i <= 4; i++) {
        const due = timer.deadlineMs!;
        expect(due).toBeCloseTo((i * 2 ** (bits - 1)) / TICKS_PER_MS, 3);
        clock.advance(due - clock.monotonicMs() - 1);
        expect(pm.read(STS, 2)).toBe(0);
        clock.advance(1.001);
        pm.expired();
        expect(sci.level).toBe(true);
        expect(pm.read(STS, 2)).toBe(1);
        pm.write(STS, 2, 1);
        expect(sci.level).toBe(false);
      }
    },
  );

  test('an untold TMR_STS, or a disabled one, needs no timer', () => {
    const { pm, clock, timer } = fixedHardware(24);
    pm.write(EN, 2, 1);
    clock.advance(10_000);
    pm.expired();
    expect(timer.deadlineMs).toBeUndefined();
    pm.write(STS, 2, 1);
    expect(timer.deadlineMs).toBeGreaterThan(clock.monotonicMs());
    pm.write(EN, 2, 0);
    expect(timer.deadlineMs).toBeUndefined();
  });
});

const access = fc.record({
  write: fc.boolean(),
  offset: fc.nat(15),
  size: fc.constantFrom<AccessSize>(1, 2, 4),
  value: fc.nat(0xffff_ffff),
  ms: fc.oneof(fc.nat(100), fc.nat(2 ** 40)),
});

test('a hostile driver gets values in range, whatever it does', () => {
  fc.assert(
    fc.property(fc.array(access, { maxLength: 200 }), (accesses) => {
      const { pm, clock } = fixedHardware();
      for (const { write, offset, size, value, ms } of accesses) {
        if (write) pm.write(offset, size, value);
        else
          expect(pm.read(offset, size)).toSatisfy(
            (got: number) => Number.isInteger(got) && got >= 0 && got < 2 ** (8 * size),
          );
        clock.advance(ms);
        pm.expired();
      }
    }),
  );
});

test('a machine saved with an event pending goes on identically', () => {
  const { pm, clock, pins, state, sci } = fixedHardware(24);
  clock.advance(2000);
  pm.write(EN, 2, 0x0101);
  pm.pressPowerButton();
  const again = new Line();
  const copy = new AcpiPm(restored(AcpiPmState, state), { ...pins, sci: again, timer: new Alarm() }, 24);
  for (let i = 0; i < 10; i++) {
    clock.advance(517);
    for (const offset of [0, 4, 8]) expect(copy.read(offset, 4)).toBe(pm.read(offset, 4));
    expect(again.level).toBe(sci.level);
    if (i === 5) for (const each of [pm, copy]) each.write(STS, 2, 0xffff);
  }
});

test('reset forgets the driver and starts the timer at zero', () => {
  const { pm, clock, sci } = fixedHardware();
  clock.advance(1234);
  pm.write(EN, 2, 0x0100);
  pm.pressPowerButton();
  pm.reset();
  expect([pm.read(STS, 4), pm.read(TIMER, 4), sci.level]).toEqual([0, 0, false]);
});
