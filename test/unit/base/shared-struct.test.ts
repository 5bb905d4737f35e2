import { describe, expect, test } from 'vitest';
import { Arena, bytes, f64, i32, struct, u8, u16, u32, words } from '../../../src-main/base/shared-struct.ts';

const Chip = struct('chip', 3, {
  a: u8(0x12),
  b: u16(0x3456),
  c: u8(1),
  d: u32(0xdead_beef),
  e: i32(-5),
  f: f64(1.5),
  g: bytes(5),
  h: words(2),
});

describe('struct', () => {
  test('fields keep their declared order, each at its natural alignment, after the lock', () => {
    expect(Chip.offsets).toEqual({ a: 8, b: 10, c: 12, d: 16, e: 20, f: 24, g: 32, h: 40 });
    expect(Chip.size).toBe(48);
  });

  test('a view does not touch the memory until told; reset puts every field to its reset value', () => {
    const buffer = new SharedArrayBuffer(64);
    const chip = Chip.at(buffer, 8);
    expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
    chip.g.fill(9);
    chip.h.fill(9);
    chip.reset();
    expect([chip.a, chip.b, chip.c, chip.d, chip.e, chip.f]).toEqual([0x12, 0x3456, 1, 0xdead_beef, -5, 1.5]);
    expect([...chip.g, ...chip.h]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test("values wrap to their field's width, and neighbours are left alone", () => {
    const chip = Arena.build(1024).place(Chip, 'x');
    chip.a = 0x1ff;
    chip.b = -1;
    chip.d = -1;
    chip.e = 0xffff_ffff;
    expect([chip.a, chip.b, chip.c, chip.d, chip.e, chip.f]).toEqual([0xff, 0xffff, 1, 0xffff_ffff, -1, 1.5]);
  });

  test('reset leaves the lock to whoever holds it', () => {
    const chip = Arena.build(1024).place(Chip, 'x');
    chip.lock.acquire();
    chip.reset();
    expect(new Int32Array(chip.h.buffer)[0]).toBe(1);
    chip.lock.release();
  });

  test('two views of one place are one struct; two places are two', () => {
    const buffer = new SharedArrayBuffer(128);
    const [one, same, other] = [Chip.at(buffer, 0), Chip.at(buffer, 0), Chip.at(buffer, 48)];
    one.d = 77;
    expect([same.d, other.d]).toEqual([77, 0]);
  });

  test('a misaligned place and reserved field names are our own mistakes', () => {
    expect(() => Chip.at(new SharedArrayBuffer(128), 4)).toThrow('aligned');
    expect(() => struct('bad', 1, { lock: u8() })).toThrow('reserved');
  });
});

describe('arena', () => {
  test('a second thread that places the same names meets the same state, not reset', () => {
    const arena = Arena.build(4096);
    arena.place(Chip, 'one').d = 1;
    arena.place(Chip, 'two').d = 2;
    arena.ring('ring', 64).push(7);
    const there = Arena.attach(structuredClone(arena.seed));
    expect([there.place(Chip, 'two').d, there.place(Chip, 'one').d, there.ring('ring', 64).shift()]).toEqual([2, 1, 7]);
  });

  test('another version, another type or an unknown name is refused', () => {
    const arena = Arena.build(4096);
    arena.place(Chip, 'one');
    const there = Arena.attach(arena.seed);
    expect(() => there.place(struct('chip', 4, Chip.fields), 'one')).toThrow('chip v3, not chip v4');
    expect(() => there.ring('one', 32)).toThrow('not byte-ring');
    expect(() => there.place(Chip, 'three')).toThrow('nothing named three');
  });

  test('a full arena is refused, and nothing overlaps', () => {
    const arena = Arena.build(128);
    arena.place(Chip, 'one');
    arena.place(Chip, 'two');
    expect(() => arena.place(Chip, 'three')).toThrow('no room for three');
    expect(arena.seed.placements.map(({ offset, size }) => [offset, size])).toEqual([
      [0, 48],
      [48, 48],
    ]);
  });
});
