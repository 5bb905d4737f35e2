import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { quote } from '../../inventory/machine-name.ts';
import { requireState } from '../../vmm/client/machine-state.ts';
import { type CliIo, printLine } from '../cli-io.ts';
import { confirm } from '../confirm.ts';
import { findMachine } from './machines.ts';

export function addDelete(group: Command, io: CliIo): void {
  group
    .command('delete')
    .alias('rm')
    .description('delete a machine that is off, with everything in its folder')
    .argument('<name>')
    .option('-y, --yes', 'without asking')
    .action(async (name: string, { yes }: { yes?: boolean }) => {
      const { fleet, id } = findMachine(io, name);
      const summary = await fleet.summary(id);
      requireState('delete', summary);
      const { folder } = fleet.store.paths.machine(id);
      await printLine(io.stderr, `deleting machine ${quote(summary.name)} for good, and with it ${whatGoes(folder)}`);
      if (!yes) await confirm(io, 'delete it?', `machine ${quote(summary.name)}: not deleted`);
      await fleet.delete(id);
    });
}

/** What a machine's folder holds, in words. Kernels and initrds are the user's own files and stay. */
function whatGoes(folder: string): string {
  const kinds: [name: string, words: string][] = [
    ['disks', 'its disks'],
    ['snapshots', 'its snapshots'],
    ['logs', 'its logs'],
  ];
  const held = kinds.filter(([name]) => existsSync(join(folder, name)));
  return ['its settings', ...held.map(([name, words]) => `${words} (${kibibytes(sizeOf(join(folder, name)))})`)].join(
    ', ',
  );
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function kibibytes(bytes: number): string {
  return bytes < 10 << 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.ceil(bytes / (1 << 20))} MiB`;
}
