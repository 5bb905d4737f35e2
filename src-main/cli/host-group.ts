import type { Command } from 'commander';
import { Failure } from '../base/failure.ts';
import { bulkheadPaths } from '../inventory/paths.ts';
import type { HostCheck } from '../vmm/host-check/checks.ts';
import { type CliIo, printJson, write } from './cli-io.ts';
import { paint } from './text.ts';

export function addHostVerbs(group: Command, io: CliIo): void {
  group
    .command('check')
    .description('what is here for machines and containers, what is missing and how to get it')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const [{ checkHost }, { thisHostFacts }, { acceleratorVerdicts }] = await Promise.all([
        import('../vmm/host-check/checks.ts'),
        import('../vmm/host-check/host-facts.ts'),
        import('../vmm/host-check/accelerator-verdicts.ts'),
      ]);
      const verdicts = await acceleratorVerdicts();
      const checks = checkHost(thisHostFacts(io.env), verdicts, bulkheadPaths(io.env).machines);
      if (json) await printJson(io.stdout, checks);
      else await write(io.stdout, describeChecks(io, checks));
      if (verdicts.some(({ usable }) => usable)) return;
      throw new Failure('host', 'no-accelerator', 'host: no accelerator can be used: machines cannot run here');
    });
}

function describeChecks(io: CliIo, checks: readonly HostCheck[]): string {
  const longest = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, ok, detail, hint }) => {
      const mark = ok ? paint(io, io.stdout, 'green', 'ok') : paint(io, io.stdout, 'yellow', 'no');
      const line = `${mark}  ${name.padEnd(longest)}  ${detail}\n`;
      return hint === undefined
        ? line
        : `${line}${' '.repeat(longest + 6)}${paint(io, io.stdout, 'cyan', 'hint:')} ${hint}\n`;
    })
    .join('');
}
