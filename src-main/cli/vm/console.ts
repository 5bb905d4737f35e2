import type { Command } from 'commander';
import type { Disposable } from '../../base/disposable.ts';
import { CONSOLE_PORT } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';
import type { Fleet } from '../../vmm/client/fleet.ts';
import type { CliIo } from '../cli-io.ts';
import { findMachine } from './machines.ts';
import { openTerminalSession } from './terminal-session.ts';

export function addConsole(group: Command, io: CliIo): void {
  group
    .command('console')
    .description('talk to a machine over its serial console; ^] leaves, the machine runs on')
    .argument('<name>')
    .option('--port <port>', `another port: ${CONSOLE_PORT}, or one of its console ports`)
    .action((name: string, { port }: { port?: string }) => attachConsole(io, name, port));
}

/** Joins this terminal, or pipe, and a console of the machine until either ends: its serial console, or `port`. */
export async function attachConsole(io: CliIo, name: string, port?: string): Promise<void> {
  const { fleet, id } = findMachine(io, name);
  const stream = await fleet.console(id, port);
  const { name: shown } = await fleet.summary(id);
  const size = port === CONSOLE_PORT ? followSize(io, fleet, id) : undefined;
  try {
    await openTerminalSession(io, stream, `machine ${quote(shown)}`);
  } finally {
    size?.dispose();
  }
}

/** Tells the guest the size of this terminal, now and whenever it changes. */
function followSize(io: CliIo, fleet: Fleet, id: string): Disposable | undefined {
  const { stdout } = io;
  if (!stdout.isTTY) return undefined;
  // A machine that has gone ends the session by itself.
  const tell = (): void => {
    const { columns, rows } = stdout;
    if (columns && rows) void fleet.query(id, 'x-resize-console', { columns, rows }).catch(() => {});
  };
  tell();
  stdout.on('resize', tell);
  return { dispose: () => void stdout.off('resize', tell) };
}
