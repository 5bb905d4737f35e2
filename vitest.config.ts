import { defineConfig } from 'vitest/config';
import { SLOWNESS } from './test/support/slowness.ts';

/** What takes longer than a change should wait for: `npm run test:long`. */
const TAGS = [{ name: 'long', description: 'left out of `npm test`' }];

const common = {
  pool: 'forks',
  tags: TAGS,
  testTimeout: 30_000 * SLOWNESS,
  hookTimeout: 60_000 * SLOWNESS,
  expect: { poll: { timeout: 1000 * SLOWNESS } },
} as const;

/** Engines with networks of this computer's: two at a time would have the same addresses for theirs. */
const ENGINE = 'test/engine/real/*.test.ts';
/** Tests whose lab takes one processor, and tests of a window or a package, which take all there are. */
const LAB = 'test/lab/*.test.ts';
const WINDOW = ['test/ui/*.test.ts', 'test/package/*.test.ts'];

interface TestFiles {
  readonly include: string[];
  readonly exclude?: string[];
}

interface Limits {
  readonly testTimeout?: number;
  readonly hookTimeout?: number;
}

/** Tests that run after those of the projects above, so many files at a time. */
const project = (name: string, groupOrder: number, maxWorkers: number, files: TestFiles, limits: Limits = {}) => ({
  test: { ...common, name, ...files, maxWorkers, sequence: { groupOrder }, ...limits },
});

/** In a lab, every wait has its own limit; these are for what hangs in spite of them. */
const IN_A_LAB: Limits = { testTimeout: 600_000 * SLOWNESS, hookTimeout: 300_000 * SLOWNESS };

export default defineConfig({
  test: {
    reporters: process.env.CI === 'true' ? ['default', './test/support/skip-reporter.ts'] : ['default'],
    projects: [
      project('quick', 0, 2, { include: ['test/**/*.test.{ts,tsx}'], exclude: [ENGINE, LAB, ...WINDOW] }),
      project('engine', 1, 1, { include: [ENGINE] }),
      project('lab', 2, 2, { include: [LAB] }, IN_A_LAB),
      project('window', 3, 1, { include: WINDOW }),
    ],
  },
});
