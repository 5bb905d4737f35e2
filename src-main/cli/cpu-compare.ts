import type { Command } from 'commander';
import { type CpuDifference, compareCpus } from '../cpu/compare-cpus.ts';
import { HOST_MODELS } from '../cpu/cpu-spec.ts';
import { expandModel } from '../cpu/resolve.ts';
import { type CliIo, printJson, printLine, write } from './cli-io.ts';
import { askHost } from './cpu-host.ts';
import { readCpu } from './cpu-names.ts';
import { table } from './text.ts';

export function addCpuCompare(group: Command, io: CliIo): void {
  group
    .command('compare')
    .argument('<a>', 'MODEL[,+flag,-flag] or a template')
    .argument('<b>', 'the same')
    .description('in what two CPUs differ')
    .option('--json', 'as one JSON document')
    .action(async (a: string, b: string, { json }: { json?: boolean }) => {
      const specs = [readCpu(io, a), readCpu(io, b)] as const;
      const asksHost = specs.some(({ model }) => model === 'max' || HOST_MODELS.some((name) => name === model));
      const host = asksHost ? await askHost(io) : undefined;
      const [one, other] = [expandModel(specs[0], host), expandModel(specs[1], host)];
      const differences = compareCpus(one, other);
      if (json) return printJson(io.stdout, { a: one.name, b: other.name, differences });
      if (differences.length === 0) return printLine(io.stdout, `${one.name} and ${other.name} are the same`);
      await write(
        io.stdout,
        table<CpuDifference>(io, differences, [
          { title: 'WHAT', text: ({ name }) => name },
          { title: one.name, text: ({ a }) => a },
          { title: other.name, text: ({ b }) => b },
          { title: 'MEANING', text: ({ explanation }) => explanation },
        ]),
      );
    });
}
