import { Random } from './random.ts';

export const SECTOR = 512;

export type DiskStep =
  | { readonly op: 'flush'; readonly number: number }
  | { readonly op: 'write' | 'write-zeroes'; readonly first: number; readonly sectors: number; readonly stamp: number };

/** An endless random workload on a disk: the same for the same seed, in whichever process it is asked for. */
export function* diskSteps(seed: number, diskSectors: number): Generator<DiskStep> {
  const random = new Random(seed);
  for (let number = 1; ; number++) {
    const op = random.pick(['write', 'write', 'write', 'write-zeroes', 'flush'] as const);
    const sectors = 1 + random.below(random.pick([1, 8, 300]));
    const first = random.below(diskSectors - sectors);
    if (op === 'flush') yield { op, number };
    else yield { op, first, sectors, stamp: op === 'write' ? seed * 65536 + number : 0 };
  }
}

/** The same number in every word of so many sectors. */
export function stampedSectors(stamp: number, sectors: number): Buffer {
  return Buffer.from(new Uint32Array((SECTOR / 4) * sectors).fill(stamp).buffer);
}
