import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Lineage, readVersioned } from '../../../src-main/inventory/versioned.ts';

interface Lamp {
  version: 3;
  watts: number;
  colour: string;
}

/** A file format with a past: version 1 had `power`, version 2 had no colour. */
const lineage: Lineage<Lamp> = {
  noun: 'lamp',
  version: 3,
  schema: z.strictObject({ version: z.literal(3), watts: z.number(), colour: z.string() }),
  steps: {
    1: ({ power, ...rest }) => {
      if (typeof power !== 'number') throw new Error('power is not a number');
      return { ...rest, watts: power };
    },
    2: (old) => ({ ...old, colour: 'white' }),
  },
};
const read = (value: unknown) => readVersioned(JSON.stringify(value), lineage);

describe('a versioned file', () => {
  it('of the present version is taken as it is', () => {
    const lamp = { version: 3, watts: 5, colour: 'red' };
    expect(read(lamp)).toEqual({ value: lamp });
  });

  it('of any older version is brought forward step by step', () => {
    expect(read({ version: 1, power: 40 })).toEqual({ value: { version: 3, watts: 40, colour: 'white' } });
    expect(read({ version: 2, watts: 40 })).toEqual({ value: { version: 3, watts: 40, colour: 'white' } });
  });

  it('that a step cannot bring forward is broken, with the step’s reason', () => {
    const why = 'version 1 could not be brought up to date: power is not a number';
    expect(read({ version: 1, power: 'lots' })).toEqual({ broken: why });
  });

  it('of a version before the first step is broken', () => {
    expect(read({ version: 0 })).toEqual({ broken: 'lamp version 0 is unknown to this Bulkhead' });
  });

  it('of a newer version is broken, and says whose it is', () => {
    expect(read({ version: 4 })).toEqual({ broken: 'made by a newer Bulkhead (lamp version 4; this one knows 3)' });
  });

  it.each([{ version: '3' }, { version: -1 }, { version: 1.5 }, {}])('%j has no version', (value) => {
    expect(read(value)).toEqual({ broken: 'it has no version' });
  });
});
