import type { Command } from 'commander';
import { type CpuDescription, describeCpu, type FeatureColumns } from '../cpu/cpu-summary.ts';
import { parseTopology } from './arguments.ts';
import { type CliIo, printJson, printLine, write } from './cli-io.ts';
import { askHost, noteLimits } from './cpu-host.ts';
import { readCpu } from './cpu-names.ts';
import { type Column, facts, table } from './text.ts';

const COLUMNS: readonly Column<FeatureColumns>[] = [
  {
    title: 'FEATURE',
    text: ({ name }) => name,
    colour: ({ wants, gets }) => (gets === null || wants === gets ? undefined : 'yellow'),
  },
  { title: 'WANTS', text: ({ wants }) => mark(wants) },
  { title: 'HAS', text: ({ has }) => mark(has) },
  { title: 'GETS', text: ({ gets }) => mark(gets) },
  { title: 'WHERE', text: ({ leaf, bits }) => `${leaf} bit ${bits.join('+')}` },
  { title: 'MEANING', text: ({ explanation }) => explanation },
];

export function addCpuShow(group: Command, io: CliIo): void {
  group
    .command('show')
    .argument('<model>', 'MODEL[,+flag,-flag] or a template: what a machine would be given as --cpu')
    .description('what a CPU wants, what this host has, what the guest gets')
    .option('--topology <sockets×cores×threads>', 'of a machine so laid out, as 2x2x2 (default: one CPU)')
    .option('--all', 'also what the host has and the CPU does not want')
    .option('--json', 'as one JSON document')
    .action(async (model: string, { json, all, topology }: { json?: boolean; all?: boolean; topology?: string }) => {
      const spec = readCpu(io, model);
      const host = await askHost(io);
      const cpu = describeCpu(spec, host, topology === undefined ? {} : { topology: parseTopology(topology) });
      if (json) return printJson(io.stdout, cpu);
      await write(io.stdout, facts(summary(cpu)));
      await printLine(io.stdout);
      const shown = all ? cpu.features : cpu.features.filter(({ wants, gets }) => wants || gets);
      await write(io.stdout, table(io, shown, COLUMNS));
      await noteLimits(io, host);
      await printLine(
        io.stderr,
        'note: hiding a feature from CPUID is not a security boundary: a guest may try it anyway',
      );
    });
}

function summary(cpu: CpuDescription): (readonly [string, string])[] {
  return [
    ['name', cpu.name],
    ['processor', cpu.modelId],
    ['vendor', `${cpu.vendor.trim()}, family ${cpu.family}, model ${cpu.model}, stepping ${cpu.stepping}`],
    ['level', level(cpu)],
    ['source', cpu.source],
    ['here', here(cpu)],
  ];
}

function level({ level, levelHere, cpuid }: CpuDescription): string {
  const name = (level: string | null) => (level === null ? 'below x86-64-v1' : `x86-64-${level}`);
  return cpuid.length === 0 || level === levelHere ? name(level) : `${name(level)}, here ${name(levelHere)}`;
}

function here({ runnable, missing, limits, cpuid }: CpuDescription): string {
  if (cpuid.length === 0) return 'not known';
  if (runnable) return 'runs in full';
  const parts: string[] = [];
  if (missing.length > 0) parts.push(`lacks ${missing.map(({ feature }) => feature).join(' ')}`);
  if (limits.length > 0) parts.push(`cannot run ${limits.map(({ feature }) => feature).join(' ')}: ${limits[0]!.why}`);
  return parts.join('; ');
}

function mark(value: boolean | null): string {
  if (value === null) return '?';
  return value ? 'yes' : '-';
}
