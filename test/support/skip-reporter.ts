import type { Reporter, TestModule } from 'vitest/node';

/**
 * In CI everything a test needs is there: one that is skipped has not been run, and fails the run. Also prints how it
 * went as one line for programs to read.
 */
// biome-ignore lint/style/noDefaultExport: vitest takes a reporter named by its path from the default export.
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const lines: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests('failed')].length === 0) count.failed++;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'pending') count.skipped++;
        else count[result.state]++;
        if (result.state !== 'skipped' && result.state !== 'pending') continue;
        const why = (result.state === 'skipped' ? result.note : undefined) ?? 'no reason given';
        lines.push(`${module.relativeModuleId}: ${test.fullName}: ${why}`);
      }
    }
    if (lines.length > 0) {
      process.stdout.write(
        `\nskipped tests, which fail the run in CI:\n${lines.map((line) => `  ${line}\n`).join('')}`,
      );
      if (process.env.CI === 'true') process.exitCode = 1;
    }
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}
