import type { Command } from 'commander';
import { type CpuModelSummary, cpuModels } from '../cpu/cpu-summary.ts';
import { type CliIo, printJson, write } from './cli-io.ts';
import { askHost, noteLimits } from './cpu-host.ts';
import { type Column, table } from './text.ts';

const COLUMNS: readonly Column<CpuModelSummary>[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'VENDOR', text: ({ vendor }) => vendor.trim() },
  { title: 'YEAR', text: ({ year }) => (year === null ? '-' : `${year}`) },
  { title: 'LEVEL', text: ({ level }) => (level === null ? '-' : `x86-64-${level}`) },
  {
    title: 'HERE',
    text: fitHere,
    colour: ({ runnable, missing }) => (runnable ? 'green' : missing.length > 0 ? 'yellow' : 'grey'),
  },
  { title: 'ALSO', text: ({ aliases }) => aliases.join(' ') },
  { title: 'DESCRIPTION', text: ({ description }) => description },
];

export function addCpuList(group: Command, io: CliIo): void {
  group
    .command('list')
    .alias('ls')
    .description('every CPU model and what of it this host can run')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const host = await askHost(io);
      const models = cpuModels(host);
      if (json) return printJson(io.stdout, models);
      await write(io.stdout, table(io, models, COLUMNS));
      await noteLimits(io, host);
    });
}

function fitHere({ runnable, missing, limits }: CpuModelSummary): string {
  if (runnable) return 'runs';
  if (missing.length > 0) return `lacks ${missing.length}`;
  return limits.length > 0 ? 'emulated' : 'unknown';
}
