import { describe, expect, test } from 'vitest';
import { Arena } from '../../../src-main/base/shared-struct.ts';
import { Pit8254, SystemControlB } from '../../../src-main/hypervisor/translated/pit-8254.ts';
import { placeTranslatedState } from '../../../src-main/hypervisor/translated/translated-state.ts';

const CONTROL = 3;
/** One tick of 1.193182 MHz, ms. */
const TICK = 1 / 1193.1816667;

function bench(arena = Arena.build(4096)) {
  const { pit: counters, systemControlB } = placeTranslatedState(arena);
  const time = { ticks: 0.5, edges: 0 };
  const nowMs = () => time.ticks * TICK;
  const pit = new Pit8254(counters, { irq0: () => time.edges++, nowMs });
  const portB = new SystemControlB(systemControlB, pit, nowMs);
  const program = (counter: number, mode: number, count: number) => {
    pit.write(CONTROL, 1, (counter << 6) | 0x30 | (mode << 1));
    pit.write(counter, 1, count & 0xff);
    pit.write(counter, 1, count >> 8);
  };
  const count = (counter: number) => pit.read(counter) | (pit.read(counter) << 8);
  const latched = (counter: number) => {
    pit.write(CONTROL, 1, counter << 6);
    return count(counter);
  };
  const expire = () => pit.expire(nowMs());
  pit.reset();
  portB.reset();
  return { pit, portB, time, program, count, latched, expire, arena };
}

describe('8254 PIT', () => {
  test('after reset it owes nothing', () => {
    const { expire, time } = bench();
    time.ticks += 1e6;
    expect(expire()).toBe(Infinity);
    expect(time.edges).toBe(0);
  });

  test('231164-005, mode 0: one interrupt when the count has run out, and no second one', () => {
    const { expire, program, time, pit } = bench();
    program(0, 0, 1000);
    expect(pit.out(0)).toBe(false);
    expect(expire()).toBeCloseTo(1000 * TICK, 6);
    time.ticks += 999;
    expire();
    expect(time.edges).toBe(0);
    time.ticks += 1;
    expect(expire()).toBe(Infinity);
    expect(pit.out(0)).toBe(true);
    time.ticks += 100_000;
    expire();
    expect(time.edges).toBe(1);
  });

  test('mode 0: writing the first of two bytes stops counting until the second', () => {
    const { expire, program, time, pit } = bench();
    program(0, 0, 1000);
    pit.write(0, 1, 0xe8);
    time.ticks += 5000;
    expect(expire()).toBe(Infinity);
    pit.write(0, 1, 0x03);
    expect(expire()).toBeCloseTo(1000 * TICK, 6);
    expect(time.edges).toBe(0);
  });

  test.each([2, 3])('mode %i: an interrupt every period; those missed while nobody looked are one', (mode) => {
    const { expire, program, time } = bench();
    program(0, mode, 1193);
    for (let i = 0; i < 10; i++) {
      time.ticks += 1193;
      expire();
    }
    expect(time.edges).toBe(10);
    time.ticks += 10 * 1193 + 100;
    expect(expire()).toBeCloseTo(1093 * TICK, 6);
    expect(time.edges).toBe(11);
  });

  test('mode 2: counts down to 1 and starts over; OUT is low for the last tick', () => {
    const { count, program, time, pit } = bench();
    program(0, 2, 10);
    const seen = Array.from({ length: 11 }, () => {
      const value = [count(0), pit.out(0)];
      time.ticks++;
      return value;
    });
    expect(seen.map(([value]) => value)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 10]);
    expect(seen.map(([, out]) => out).indexOf(false)).toBe(9);
  });

  test('mode 3: counts by two; OUT is high for the first half', () => {
    const { count, program, time, pit } = bench();
    program(0, 3, 8);
    const seen = Array.from({ length: 9 }, () => {
      const value = [count(0), pit.out(0)];
      time.ticks++;
      return value;
    });
    expect(seen.map(([value]) => value)).toEqual([8, 6, 4, 2, 8, 6, 4, 2, 8]);
    expect(seen.map(([, out]) => out)).toEqual([true, true, true, true, false, false, false, false, true]);
  });

  test('a count of 0 is 65536, and 10000 in BCD', () => {
    const binary = bench();
    binary.program(0, 2, 0);
    expect(binary.expire()).toBeCloseTo(65_536 * TICK, 6);
    const { pit, expire, latched, time } = bench();
    pit.write(CONTROL, 1, 0x35);
    pit.write(0, 1, 0);
    pit.write(0, 1, 0);
    expect(expire()).toBeCloseTo(10_000 * TICK, 6);
    time.ticks += 1;
    expect(latched(0)).toBe(0x9999);
  });

  test('counter latch command: the latched count holds still until it is read', () => {
    const { count, program, time, pit } = bench();
    program(0, 2, 1000);
    time.ticks += 100;
    pit.write(CONTROL, 1, 0x00);
    time.ticks += 100;
    pit.write(CONTROL, 1, 0x00);
    expect(count(0)).toBe(900);
    expect(count(0)).toBe(800);
  });

  test('read-back command: status with OUT, null count, access, mode; then the latched count', () => {
    const { count, program, time, pit } = bench();
    program(0, 3, 1000);
    time.ticks += 100;
    pit.write(CONTROL, 1, 0xc2);
    expect(pit.read(0)).toBe(0x80 | 0x30 | (3 << 1));
    expect(count(0)).toBe(800);
    pit.write(CONTROL, 1, 0x30);
    pit.write(CONTROL, 1, 0xe2);
    expect(pit.read(0)).toBe(0x40 | 0x30);
  });

  test('low-byte and high-byte access: one byte makes a count', () => {
    const { pit, expire } = bench();
    pit.write(CONTROL, 1, 0x14);
    pit.write(0, 1, 200);
    expect(expire()).toBeCloseTo(200 * TICK, 6);
    pit.write(CONTROL, 1, 0x24);
    pit.write(0, 1, 2);
    expect(expire()).toBeCloseTo(512 * TICK, 6);
  });

  test('port 0x61: gate 2 holds counter 2, bit 5 shows its output (Linux pit_calibrate_tsc)', () => {
    const { portB, program, time } = bench();
    portB.write(0, 1, 0x00);
    program(2, 0, 500);
    time.ticks += 1000;
    expect(portB.read() & 0x20).toBe(0);
    portB.write(0, 1, 0x01);
    time.ticks += 499;
    expect(portB.read() & 0x21).toBe(0x01);
    time.ticks += 1;
    expect(portB.read() & 0x21).toBe(0x21);
  });

  test('port 0x61: the refresh bit changes every 15 µs', () => {
    const { portB, time } = bench();
    const seen = new Set<number>();
    for (let i = 0; i < 40; i++) {
      seen.add(portB.read() & 0x10);
      time.ticks++;
    }
    expect(seen).toEqual(new Set([0, 0x10]));
  });

  test('mode 1 starts on a rising gate', () => {
    const { portB, program, time, pit } = bench();
    program(2, 1, 100);
    time.ticks += 1000;
    portB.write(0, 1, 1);
    time.ticks += 99;
    expect(pit.out(2)).toBe(false);
    time.ticks += 1;
    expect(pit.out(2)).toBe(true);
  });

  test('goes on from a copy of its state, mid-count', () => {
    const { program, time, arena } = bench();
    program(0, 2, 1000);
    time.ticks += 300;
    const { buffer, placements } = arena.seed;
    const copy = new SharedArrayBuffer(buffer.byteLength);
    new Uint8Array(copy).set(new Uint8Array(buffer));
    const { pit } = placeTranslatedState(Arena.attach({ buffer: copy, placements }));
    const later = new Pit8254(pit, { irq0: () => {}, nowMs: () => time.ticks * TICK });
    expect(later.read(0) | (later.read(0) << 8)).toBe(700);
  });

  test('whatever is written, it answers bytes and never throws', () => {
    const { pit, time, expire } = bench();
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return seed >>> 16;
    };
    for (let i = 0; i < 20_000; i++) {
      const value = random();
      if (value & 0x100) pit.write((value >> 9) & 3, 1, value & 0xff);
      else expect(pit.read((value >> 9) & 3)).toSatisfy((byte: number) => byte >= 0 && byte <= 0xff && byte % 1 === 0);
      if (value & 0x2000) pit.setGate2((value & 0x4000) !== 0);
      time.ticks += random() % 500;
      expect(expire()).toBeGreaterThan(0);
    }
  });
});
