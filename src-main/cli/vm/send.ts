import type { Command } from 'commander';
import { unescapeText } from '../arguments.ts';
import type { CliIo } from '../cli-io.ts';
import { findMachine } from './machines.ts';

/** How long the VM host may take to close its side after the last byte was handed over. */
const CLOSE_MS = 1000;

export function addSend(group: Command, io: CliIo): void {
  group
    .command('send')
    .description('type text into a machine’s serial console')
    .argument('<name>')
    .argument('<text>', 'with \\n \\r \\t \\e \\\\ and \\xNN; \\n is a line feed, which a login prompt takes for Enter')
    .action(async (name: string, text: string) => {
      const bytes = unescapeText(text);
      const { fleet, id } = findMachine(io, name);
      const serial = await fleet.console(id);
      serial.on('error', () => undefined);
      serial.resume();
      const closed = new Promise<void>((resolve) => serial.once('close', () => resolve()));
      await new Promise<void>((resolve) => serial.end(bytes, () => resolve()));
      const timer = setTimeout(() => serial.destroy(), CLOSE_MS);
      await closed;
      clearTimeout(timer);
    });
}
