import { expect, test } from 'vitest';
import { GuestMemory } from '../../../src-main/vmm/memory/guest-memory.ts';

/** RAM at 0x1000–0x2fff in two regions that touch, and at 0x10000–0x10fff. */
function memory() {
  const regions = [0x1_0000, 0x1000, 0x2000].map((gpa) => ({ gpa, bytes: new Uint8Array(0x1000) }));
  return new GuestMemory(regions);
}

test('a range is RAM only when all of it is', () => {
  const ram = memory();
  expect(ram.size).toBe(0x3000);
  for (const [gpa, length] of [
    [0x1000, 0x2000],
    [0x2fff, 1],
    [0x1_0fff, 1],
    [0x1800, 0x1000],
  ] as const) {
    expect(ram.has(gpa, length)).toBe(true);
  }
  for (const [gpa, length] of [
    [0xfff, 2],
    [0x2fff, 2],
    [0x2000, 0xf000],
    [-1, 1],
    [0x1000, -1],
    [NaN, 1],
    [2 ** 53, 8],
    [0x1000, Infinity],
  ] as const) {
    expect(ram.has(gpa, length)).toBe(false);
    expect(ram.window(gpa, length)).toBeUndefined();
  }
});

test('writes, reads and fills go across regions that touch', () => {
  const ram = memory();
  const source = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
  expect(ram.write(0x1ff8, source)).toBe(true);
  const target = new Uint8Array(16);
  expect(ram.read(0x1ff8, target)).toBe(true);
  expect(target).toEqual(source);
  expect(ram.fill(0x1ffc, 8, 0xee)).toBe(true);
  ram.read(0x1ff8, target);
  expect([...target]).toEqual([1, 2, 3, 4, ...Array(8).fill(0xee), 13, 14, 15, 16]);
});

test('a range with a hole is not touched at all', () => {
  const ram = memory();
  expect(ram.write(0x2ff8, new Uint8Array(16).fill(1))).toBe(false);
  expect(ram.fill(0x2ff8, 16, 1)).toBe(false);
  const target = new Uint8Array(8).fill(7);
  ram.read(0x2ff8, target);
  expect([...target]).toEqual(Array(8).fill(0));
  expect(ram.read(0x2ffc, target)).toBe(false);
  expect([...target]).toEqual(Array(8).fill(0));
});

test('a window is the RAM itself, within one region', () => {
  const ram = memory();
  ram.window(0x2000, 4)!.fill(9);
  const target = new Uint8Array(4);
  ram.read(0x2000, target);
  expect([...target]).toEqual([9, 9, 9, 9]);
  expect(ram.window(0x1ffe, 4)).toBeUndefined();
});
