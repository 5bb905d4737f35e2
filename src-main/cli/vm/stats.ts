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

type Stats = z.infer<typeof machineStats>;

/** Over how long a vCPU's load is measured. */
const LOAD_OVER_MS = 500;

type LoadedStats = ReturnType<typeof withLoads>;

/** Each vCPU with the share of a host CPU its thread had between two readings. */
function withLoads(before: Stats, stats: Stats) {
  const ms = Math.max(1, stats.uptimeMs - before.uptimeMs);
  const vcpus = stats.vcpus.map((vcpu) => {
    const then = before.vcpus.find(({ index }) => index === vcpu.index)?.hostCpuMs ?? 0;
    const percent = (100 * Math.max(0, (vcpu.hostCpuMs ?? 0) - then)) / ms;
    return { ...vcpu, loadPercent: Math.round(percent * 10) / 10 };
  });
  return { ...stats, vcpus };
}

export function addStats(group: Command, io: CliIo): void {
  group
    .command('stats')
    .description('counters of a running machine, and how busy its vCPUs are')
    .argument('<name>')
    .option('--json', 'as one JSON document')
    .action(async (name: string, { json }: { json?: boolean }) => {
      const { fleet, id } = findMachine(io, name);
      const read = async () => machineStats.parse(await fleet.query(id, 'x-query-stats'));
      const before = await read();
      await new Promise((resolve) => setTimeout(resolve, LOAD_OVER_MS));
      const stats = withLoads(before, await read());
      if (json) return printJson(io.stdout, stats);
      await write(io.stdout, facts(describe(stats)));
    });
}

function describe(stats: LoadedStats): [string, string][] {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  return [
    ['uptime', seconds(stats.uptimeMs)],
    [
      'host CPU',
      `${seconds(stats.hostCpuMs)} (${((100 * stats.hostCpuMs) / Math.max(1, stats.uptimeMs)).toFixed(1)} %)`,
    ],
    ['resident', `${stats.residentMiB.toFixed(0)} MiB`],
    ['console', `${stats.console.outputBytes} bytes printed, ${stats.console.visitors} visitors`],
    ...stats.vcpus.map(({ index, state, loadPercent, portExits, mmioExits, otherExits }): [string, string] => [
      `vCPU ${index}`,
      `${state}, load ${loadPercent.toFixed(1)} %; exits: ${portExits} port, ${mmioExits} MMIO, ${otherExits} other`,
    ]),
  ];
}
