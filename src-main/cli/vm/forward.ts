import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import type { Forward } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';
import { sameListener, userNetworkOf } from '../../vmm/client/forwards.ts';
import { several } from '../arguments.ts';
import { type CliIo, printJson, printLine, write } from '../cli-io.ts';
import { type Column, table } from '../text.ts';
import { findMachine } from './machines.ts';
import { FORWARD, forwardText, parseForward } from './net-option.ts';

interface ForwardOptions {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly json?: boolean;
}

const columns: readonly Column<Forward>[] = [
  { title: 'PROTOCOL', text: ({ protocol }) => protocol },
  { title: 'ON THIS COMPUTER', text: ({ hostAddress = '127.0.0.1', hostPort }) => `${hostAddress} port ${hostPort}` },
  { title: 'IN THE GUEST', text: ({ guestPort }) => `port ${guestPort}` },
];

export function addForward(group: Command, io: CliIo): void {
  group
    .command('forward')
    .description('list or change ports of this computer that lead to a machine, running or not')
    .argument('<name>')
    .option('--add <forward>', `${FORWARD}, as tcp:8080:80; may be given several times`, several)
    .option('--remove <forward>', 'as it is listed or was added', several)
    .option('--json', 'print the forwards as one JSON document')
    .action((name: string, options: ForwardOptions) => forward(io, name, options));
}

async function forward(io: CliIo, name: string, { add = [], remove = [], json }: ForwardOptions): Promise<void> {
  const { fleet, id } = findMachine(io, name);
  let forwards: readonly Forward[] = userNetworkOf(fleet.store.intact(id)).network.forwards;
  if (add.length + remove.length > 0) {
    for (const text of remove) forwards = without(forwards, parseForward(text));
    forwards = [...forwards, ...add.map(parseForward)];
    await fleet.setForwards(id, forwards);
  }
  if (json) return printJson(io.stdout, forwards);
  if (forwards.length === 0) return printLine(io.stdout, 'nothing is forwarded');
  await write(io.stdout, table(io, forwards, columns));
}

function without(forwards: readonly Forward[], gone: Forward): readonly Forward[] {
  const left = forwards.filter((forward) => !(sameListener(forward, gone) && forward.guestPort === gone.guestPort));
  if (left.length < forwards.length) return left;
  throw new Failure('usage', 'no-such-forward', `forward ${quote(forwardText(gone))}: there is none like it`);
}
