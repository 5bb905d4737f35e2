import type { Command } from 'commander';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { quote } from '../../inventory/machine-name.ts';
import { parseMemoryMiB } from '../arguments.ts';
import { type CliIo, printJson, write } from '../cli-io.ts';
import { facts, mebibytes } from '../text.ts';
import { findMachine } from './machines.ts';

/** What `x-query-stats` says of a balloon. */
const balloonReport = z.object({
  active: z.boolean(),
  memoryBytes: z.number(),
  targetBytes: z.number(),
  actualBytes: z.number(),
  guest: z.optional(z.looseObject({ free: z.optional(z.number()), available: z.optional(z.number()) })),
});
const statsReport = z.looseObject({ residentMiB: z.number(), balloon: z.optional(balloonReport) });
type Stats = z.infer<typeof statsReport>;

export function addBalloon(group: Command, io: CliIo): void {
  group
    .command('balloon')
    .description('what memory a running guest has, or how much it is to get along with')
    .argument('<name>')
    .argument('[size]', 'as 256M; max for all the machine has')
    .option('--json', 'as one JSON document')
    .action(async (name: string, size: string | undefined, { json }: { json?: boolean }) => {
      const { fleet, id } = findMachine(io, name);
      const read = async (): Promise<Stats> => statsReport.parse(await fleet.query(id, 'x-query-stats'));
      const before = await read();
      if (before.balloon === undefined) throw none(name);
      const { memoryBytes } = before.balloon;
      if (size !== undefined) await fleet.balloon(id, size === 'max' ? memoryBytes / 2 ** 20 : parseMemoryMiB(size));
      const stats = size === undefined ? before : await read();
      if (json) await printJson(io.stdout, { residentMiB: stats.residentMiB, ...stats.balloon });
      else await write(io.stdout, facts(describe(stats)));
    });
}

function describe({ balloon, residentMiB }: Stats): (readonly [string, string])[] {
  if (balloon === undefined) return [];
  const { active, actualBytes, targetBytes, memoryBytes, guest } = balloon;
  const text = (bytes: number): string => mebibytes(Math.round(bytes / 2 ** 20));
  return [
    ['guest has', active ? `${text(actualBytes)} of ${text(memoryBytes)}` : 'no driver for the balloon yet'],
    ['is to have', text(targetBytes)],
    ...(guest?.free === undefined ? [] : [['free in the guest', text(guest.free)] as const]),
    ...(guest?.available === undefined ? [] : [['available there', text(guest.available)] as const]),
    ['resident here', `${residentMiB.toFixed(0)} MiB`],
  ];
}

function none(name: string): Failure {
  return new Failure('state', 'no-balloon', `machine ${quote(name)}: it has no balloon`, {
    hint: '`bulkhead vm set NAME balloon=on` gives it one, while it is off',
  });
}
