import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { SLOWNESS } from '../slowness.ts';
import { type CommandEnd, clone, type Lab } from './lab.ts';

/** How much slower a program runs on the lab's emulated processor, on a computer that is busy besides. */
const LAB_SLOWNESS = 12;
/** The longest of them, and the longest with a tag that says so. */
const FILE_S = 600;
const LONG_FILE_S = 1800;
export const FILE_MS = (LONG_FILE_S * SLOWNESS + 60) * 1000;

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly tags: readonly string[];
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** The test files among these that say `need('kvm'`, and all those of them that have long tests. */
export function kvmTests(pattern: string): { readonly all: string[]; readonly long: string[] } {
  const texts = globSync(pattern, { cwd: clone })
    .sort()
    .map((file) => ({ file, text: readFileSync(join(clone, file), 'utf8') }))
    .filter(({ text }) => /\bneed\('kvm'/.test(text));
  const long = texts.filter(({ text }) => text.includes("['long']"));
  return { all: texts.map(({ file }) => file), long: long.map(({ file }) => file) };
}

/** What did not pass of the long tests, or of the others, with the reasons; and how many did. */
function judge({ testResults }: Report, long: boolean): { passed: number; troubles: string[] } {
  const chosen = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ tags }) => tags.includes('long') === long),
  );
  const failed = chosen.filter(({ status }) => status !== 'passed');
  return {
    passed: chosen.length - failed.length,
    troubles: [
      ...testResults.filter(({ message }) => message !== '').map(({ name, message }) => `${name}: ${message}`),
      ...failed.map(({ status, fullName, failureMessages }) => `${fullName}: ${status}: ${failureMessages.join('\n')}`),
    ],
  };
}

/**
 * Runs a file's tests in the lab, where each has to pass: the long ones (vitest.config.ts), or all others.
 * @param temporary the folder for what they write meanwhile
 */
export async function expectPassInLab(
  lab: Lab,
  file: string,
  { long = false, temporary = '/tmp' } = {},
): Promise<void> {
  const seconds = long ? LONG_FILE_S : FILE_S;
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--reporter=verbose',
    '--reporter=json',
    '--outputFile=/tmp/report.json',
    '--retry=1',
    `--tags-filter=${long ? 'long' : '!long'}`,
  ];
  const end: CommandEnd = await lab.exec([process.execPath, ...vitest, file], {
    env: {
      ELECTRON_RUN_AS_NODE: '1',
      BULKHEAD_TEST_SLOWNESS: `${LAB_SLOWNESS}`,
      BULKHEAD_TEST_NODE: await lab.output('printf %s "$(command -v node)"'),
      TMPDIR: temporary,
      // The tests outside write to the usual one meanwhile, under the lab's feet.
      VITEST_FS_MODULE_CACHE_PATH: '/tmp/vitest-cache',
    },
    seconds,
  });
  expect(
    end.late,
    `killed after ${seconds * SLOWNESS} s, last having said\n${end.stdout.slice(-2000)}${end.stderr}`,
  ).toBe(false);
  const report = JSON.parse(await lab.output('cat /tmp/report.json')) as Report;
  const { passed, troubles } = judge(report, long);
  expect(troubles, troubles.join('\n')).toEqual([]);
  expect(passed).toBeGreaterThan(0);
}
