import { describe, expect, it } from 'vitest';
import { parseMemoryMiB, parseSeconds, parseSwitch, unescapeText } from '../../../src-main/cli/arguments.ts';

describe('arguments', () => {
  it.each([
    ['512', 512],
    ['512M', 512],
    ['512MiB', 512],
    ['2g', 2048],
    ['1.5G', 1536],
    ['1T', 1024 * 1024],
    ['0', 0],
  ])('memory %s is %i MiB', (text, memoryMiB) => expect(parseMemoryMiB(text)).toBe(memoryMiB));

  it.each(['', 'M', '1.3M', '-1', '1K', '1e3', '0x10', '99999999999999999999'])('memory %j is refused', (text) => {
    expect(() => parseMemoryMiB(text)).toThrow('a size like 512M or 2G is expected');
  });

  it.each(['0', '-1', '', 'x', '99999999'])('%j seconds are refused', (text) => {
    expect(() => parseSeconds('timeout', text)).toThrow('a number of seconds');
  });

  it('switches are on or off', () => {
    expect([parseSwitch('s', 'on'), parseSwitch('s', 'No')]).toEqual([true, false]);
    expect(() => parseSwitch('s', 'maybe')).toThrow('on or off is expected');
  });

  it.each<[string, number[]]>([
    ['root\\n', [114, 111, 111, 116, 10]],
    ['\\r\\t\\e\\\\', [13, 9, 27, 92]],
    ['\\x00\\xfF', [0, 255]],
    ['é', [0xc3, 0xa9]],
    ['\\\\n', [92, 110]],
    ['', []],
  ])('%j types %j', (text, bytes) => expect([...unescapeText(text)]).toEqual(bytes));

  it.each(['\\q', 'end\\', '\\x1', '\\xgg', '\\🦆'])('%j is refused', (text) => {
    expect(() => unescapeText(text)).toThrow(/means nothing|at its end/);
  });
});
