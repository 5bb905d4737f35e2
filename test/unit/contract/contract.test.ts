import { describe, expect, test } from 'vitest';
import { contract } from '../../../src-main/contract/contract.ts';
import { machineName } from '../../../src-main/contract/machine.ts';
import { whyNotName } from '../../../src-main/inventory/machine-name.ts';

describe('the contract', () => {
  test('every request is named noun.verb', () => {
    for (const name of Object.keys(contract)) expect(name).toMatch(/^[a-z]+\.[a-z][A-Za-z]*$/);
  });

  test.each([
    'tiny',
    'Tiny Linux 2',
    'ä-machine_1.0',
    '名前',
    '',
    ' x',
    'x ',
    '../x',
    'a/b',
    '-x',
    '.x',
    '🚀',
    'a🚀',
    'a\nb',
    'a\0b',
    'x'.repeat(64),
    'x'.repeat(65),
    'x'.repeat(300),
  ])('the window and the inventory agree on the name %j', (name) => {
    const shown = machineName.safeParse(name);
    expect(shown.success).toBe(whyNotName(name) === undefined);
  });
});
