import type { Command } from 'commander';
import * as z from 'zod/mini';
import { type CliIo, printJson, write } from '../cli-io.ts';
import { facts } from '../text.ts';
import { findMachine } from './machines.ts';

/** What `x-query-stats` answers. */
const machineStats = z.looseObject({
  uptimeMs: z.number(),
  hostCpuMs: z.number(),
  residentMiB: z.number(),
  vcpus: z.array(
    z.looseObject({
      index: z.number(),
      'thread-id': z.number(),
      state: z.string(),
      portExits: z.number(),
      mmioExits: z.number(),
      otherExits: z.number(),
      hostCpuMs: z.nullish(z.number()),
    }),
  ),
  console: z.looseObject({ outputBytes: z.number(), visitors: z.number() }),
});

export function addStats(group: Command, io: CliIo): void {
  group
    .command('stats')
    .description('counters of a running machine')
    .argument('<name>')
    .option('--json', 'as one JSON document')
    .action(async (name: string, { json }: { json?: boolean }) => {
      const { fleet, id } = findMachine(io, name);
      const stats = machineStats.parse(await fleet.query(id, 'x-query-stats'));
      if (json) return printJson(io.stdout, stats);
      await write(io.stdout, facts(describe(stats)));
    });
}

function describe(stats: z.infer<typeof machineStats>): [string, string][] {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return [
    ['uptime', seconds(stats.uptimeMs)],
    [
      'host CPU',
      `${seconds(stats.hostCpuMs)} (${((100 * stats.hostCpuMs) / Math.max(1, stats.uptimeMs)).toFixed(1)} %)`,
    ],
    ['resident', `${stats.residentMiB.toFixed(0)} MiB`],
    ['console', `${stats.console.outputBytes} bytes printed, ${stats.console.visitors} visitors`],
    ...stats.vcpus.map(({ index, state, portExits, mmioExits, otherExits }): [string, string] => [
      `vCPU ${index}`,
      `${state}; exits: ${portExits} port, ${mmioExits} MMIO, ${otherExits} other`,
    ]),
  ];
}
