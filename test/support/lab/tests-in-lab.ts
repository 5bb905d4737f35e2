import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SLOWNESS } from '../slowness.ts';
import { type CommandEnd, clone, type Lab } from './lab.ts';

/** How much slower a program runs on the lab's emulated processor, on a computer that is busy besides. */
const LAB_SLOWNESS = 12;
/** The longest of them. */
const FILE_S = 1800;
export const FILE_MS = (FILE_S * SLOWNESS + 60) * 1000;

interface Report {
  readonly numTotalTests: number;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** The test files among these that say `need('kvm'`. */
export function kvmTests(pattern: string): string[] {
  const files = globSync(pattern, { cwd: clone });
  return files.filter((file) => /\bneed\('kvm'/.test(readFileSync(join(clone, file), 'utf8'))).sort();
}

/** What did not pass, with the reasons. */
function troubles({ testResults }: Report): string[] {
  return testResults.flatMap(({ name, message, assertionResults }) => [
    ...(message === '' ? [] : [`${name}: ${message}`]),
    ...assertionResults
      .filter(({ status }) => status !== 'passed')
      .map(({ status, fullName, failureMessages }) => `${fullName}: ${status}: ${failureMessages.join('\n')}`),
  ]);
}

/** Runs a file of tests in the lab, where each has to pass. */
export async function expectPassInLab(lab: Lab, file: string): Promise<void> {
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=verbose',
    '--reporter=json',
    '--outputFile=/tmp/report.json',
    '--retry=1',
  ];
  const end: CommandEnd = await lab.exec([process.execPath, ...vitest, file], {
    env: {
      ELECTRON_RUN_AS_NODE: '1',
      BULKHEAD_TEST_SLOWNESS: `${LAB_SLOWNESS}`,
      BULKHEAD_TEST_NODE: await lab.output('printf %s "$(command -v node)"'),
      // The tests outside write to the usual one meanwhile, under the lab's feet.
      VITEST_FS_MODULE_CACHE_PATH: '/tmp/vitest-cache',
    },
    seconds: FILE_S,
  });
  expect(
    end.late,
    `killed after ${FILE_S * SLOWNESS} s, last having said\n${end.stdout.slice(-2000)}${end.stderr}`,
  ).toBe(false);
  const report = JSON.parse(await lab.output('cat /tmp/report.json')) as Report;
  const found = troubles(report);
  expect(found, found.join('\n')).toEqual([]);
  expect(report.numPassedTests).toBeGreaterThan(0);
  expect(report.numPassedTests).toBe(report.numTotalTests);
}
