import type { Command } from 'commander';
import type { MachineState, MachineSummary } from '../../vmm/client/machine-state.ts';
import { type CliIo, printJson, printLine, write } from '../cli-io.ts';
import { type Colour, type Column, mebibytes, table } from '../text.ts';
import { openFleet } from './machines.ts';

export const STATE_COLOURS: Partial<Record<MachineState, Colour>> = {
  running: 'green',
  starting: 'cyan',
  stopping: 'cyan',
  paused: 'yellow',
  crashed: 'red',
  broken: 'red',
};

const COLUMNS: readonly Column<MachineSummary>[] = [
  { title: 'NAME', text: ({ name }) => name },
  { title: 'STATE', text: ({ state }) => state, colour: ({ state }) => STATE_COLOURS[state] },
  { title: 'ACCEL', text: ({ accelerator }) => accelerator },
  { title: 'CPUS', text: ({ cpus, state }) => (state === 'broken' ? '-' : `${cpus}`), align: 'right' },
  {
    title: 'MEMORY',
    text: ({ memoryMiB, state }) => (state === 'broken' ? '-' : mebibytes(memoryMiB)),
    align: 'right',
  },
  { title: 'PID', text: ({ pid }) => (pid === undefined ? '-' : `${pid}`), align: 'right' },
];
const REASON: Column<MachineSummary> = { title: 'REASON', text: ({ reason }) => reason ?? '' };

export function addList(group: Command, io: CliIo): void {
  group
    .command('list')
    .alias('ls')
    .description('every machine and its state')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const machines = await openFleet(io).list();
      if (json) return printJson(io.stdout, machines);
      if (machines.length === 0) {
        return printLine(io.stderr, 'no machines yet: `bulkhead vm create NAME --guest tiny-linux` makes one');
      }
      const columns = machines.some(({ reason }) => reason !== undefined) ? [...COLUMNS, REASON] : COLUMNS;
      await write(io.stdout, table(io, machines, columns));
    });
}
