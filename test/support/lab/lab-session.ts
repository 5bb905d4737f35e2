import { totalmem } from 'node:os';
import { afterAll, beforeAll } from 'vitest';
import { need } from '../need.ts';
import { Lab, type LabOptions } from './lab.ts';
import { LabBulkhead } from './lab-bulkhead.ts';

/** The lab's first start on a computer fetches and unpacks a kernel package. */
const START_MS = 240_000;
const STOP_MS = 20_000;

export interface LabSession {
  readonly lab: Lab;
  /** The command line client in the lab, with a home of its own. */
  readonly bulkhead: LabBulkhead;
}

/** One lab for all tests of a file, booted before the first and switched off after the last. Skips without a lab. */
export function labSession(options: LabOptions = {}): LabSession {
  let lab: Lab | undefined;
  let bulkhead: LabBulkhead | undefined;
  if (need('lab')) {
    beforeAll(async () => {
      lab = await Lab.start(options);
      bulkhead = await LabBulkhead.create(lab, '/tmp/home');
    }, START_MS);
    afterAll(() => lab?.dispose(), STOP_MS);
  }
  return {
    get lab() {
      return lab!;
    },
    get bulkhead() {
      return bulkhead!;
    },
  };
}

/** Whether this computer can give a lab so much memory and keep some for itself. */
export function canHaveMiB(memoryMiB: number): boolean {
  return totalmem() / 2 ** 20 >= memoryMiB + 1024;
}
