import type { Command } from 'commander';
import { quote } from '../../inventory/machine-name.ts';
import type { CliIo } from '../cli-io.ts';
import { findMachine } from './machines.ts';
import { openTerminalSession } from './terminal-session.ts';

export function addConsole(group: Command, io: CliIo): void {
  group
    .command('console')
    .description('talk to a machine over its serial console; ^] leaves, the machine runs on')
    .argument('<name>')
    .action((name: string) => attachConsole(io, name));
}

/** Joins this terminal, or pipe, and the machine's serial console until either ends. */
export async function attachConsole(io: CliIo, name: string): Promise<void> {
  const { fleet, id } = findMachine(io, name);
  const serial = await fleet.console(id);
  const { name: shown } = await fleet.summary(id);
  await openTerminalSession(io, serial, `machine ${quote(shown)}`);
}
