import type { Reporter, TestModule, Vitest } from 'vitest/node';
import { RUNS_IN_THE_LAB } from './need.ts';

/** Run in the lab what is skipped on a computer without KVM. */
const LAB_RUNS = ['test/lab/kvm-guests.test.ts', 'test/lab/kvm-windows.test.ts'];

/** How much of one failure the end of the run repeats, in characters. */
const FAILURE_CHARACTERS = 4000;

function failure(name: string, errors: Readonly<ReturnType<TestModule['errors']>>): string {
  const text = errors.map(({ message, stacks }) => `${message}\n${stacks?.map(at).join('') ?? ''}`).join('\n');
  return `\nFAILED ${name}\n${text.slice(0, FAILURE_CHARACTERS)}\n`;
}

const at = ({ file, line, column }: { file: string; line: number; column: number }) =>
  `  at ${file}:${line}:${column}\n`;

/**
 * In CI everything a test needs is there: one that is skipped has not been run, and fails the run; but for tests of KVM
 * that have been run in the lab, and for those a run leaves out by the tag `long` (vitest.config.ts). What failed is told
 * last, where whoever opens a long record's end finds it, before one line for programs to read.
 */
// biome-ignore lint/style/noDefaultExport: vitest takes a reporter named by its path from the default export.
export default class SkipReporter implements Reporter {
  private filter: readonly string[] = [];

  onInit({ config }: Vitest): void {
    this.filter = config.tagsFilter ?? [];
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const lines: string[] = [];
    const failures: string[] = [];
    let notInTheLab = 0;
    const ranInTheLab = LAB_RUNS.every((file) =>
      modules.some((module) => module.relativeModuleId === file && module.state() === 'passed'),
    );
    for (const module of modules) {
      if (module.errors().length > 0) failures.push(failure(module.relativeModuleId, module.errors()));
      if (module.state() === 'failed' && [...module.children.allTests('failed')].length === 0) count.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'skipped' && result.note === undefined && this.isLeftOut(test.tags)) continue;
        if (result.state === 'pending') count.skipped++;
        else count[result.state]++;
        if (result.state === 'failed') {
          failures.push(failure(`${module.relativeModuleId}: ${test.fullName}`, result.errors));
        }
        if (result.state !== 'skipped' && result.state !== 'pending') continue;
        const why = (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
        if (why === RUNS_IN_THE_LAB) {
          if (!ranInTheLab) notInTheLab++;
          continue;
        }
        lines.push(`${module.relativeModuleId}: ${test.fullName}: ${why}`);
      }
    }
    if (notInTheLab > 0) lines.push(`${notInTheLab} tests of KVM: ${RUNS_IN_THE_LAB}, by ${LAB_RUNS.join(', ')}`);
    if (lines.length > 0) {
      process.stdout.write(
        `\nskipped tests, which fail the run in CI:\n${lines.map((line) => `  ${line}\n`).join('')}`,
      );
      if (process.env.CI === 'true') process.exitCode = 1;
    }
    process.stdout.write(failures.join(''));
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }

  /** Whether the run is one of long tests alone, or of all but those, and this is one of the others. */
  private isLeftOut(tags: readonly string[]): boolean {
    return this.filter.includes(tags.includes('long') ? '!long' : 'long');
  }
}
