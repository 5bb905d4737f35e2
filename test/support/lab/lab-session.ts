import { totalmem } from 'node:os';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { need } from '../need.ts';
import { SLOWNESS } from '../slowness.ts';
import { Lab, type LabOptions } from './lab.ts';
import { LabBulkhead } from './lab-bulkhead.ts';

/** The lab's first start on a computer fetches and unpacks a kernel package. */
const START_MS = 240_000 * SLOWNESS;
const STOP_MS = 20_000 * SLOWNESS;

/**
 * The lab's own processor fails now and then: QEMU's software SVM aborts at a 32-bit guest's stack switch ("invalid tss
 * type"), or locks up, mostly with two processors. A test that fails is tried once more, in a new lab if need be.
 */
export const LAB_RETRY = { retry: 1 } as const;

export interface LabSession {
  readonly lab: Lab;
  /** The command line client in the lab, with a home of its own for each test. */
  readonly bulkhead: LabBulkhead;
}

/** One lab for all tests of a file, booted before the first and switched off after the last. Skips without a lab. */
export function labSession(options: LabOptions = {}): LabSession {
  let lab: Lab | undefined;
  let bulkhead: LabBulkhead | undefined;
  let homes = 1;
  if (need('lab')) {
    const boot = async (): Promise<void> => {
      lab = await Lab.start(options);
      bulkhead = await LabBulkhead.create(lab, '/tmp/home');
    };
    beforeAll(boot, START_MS);
    beforeEach(async () => {
      if (lab?.ended) {
        process.stderr.write(`the lab is started anew: ${lab.ended.message}\n`);
        await lab.dispose();
        await boot();
      }
      bulkhead = await bulkhead?.moveTo(`/tmp/home-${homes++}`);
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
