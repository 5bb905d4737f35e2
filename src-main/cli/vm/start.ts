import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { quote } from '../../inventory/machine-name.ts';
import type { Fleet } from '../../vmm/client/fleet.ts';
import { parseSeconds } from '../arguments.ts';
import { type CliIo, printLine } from '../cli-io.ts';
import { LATER_START_OPTIONS, refuseLaterOptions } from '../later.ts';
import { attachConsole } from './console.ts';
import { findMachine } from './machines.ts';
import { awaitText } from './wait-for.ts';

interface StartOptions {
  readonly attach?: boolean;
  readonly waitFor?: string;
  readonly timeout?: string;
}

const DEFAULT_TIMEOUT_S = '120';

export function addStart(group: Command, io: CliIo): void {
  const command = group
    .command('start')
    .description('start a machine; returns once the guest runs')
    .argument('<name>')
    .option('--attach', 'then talk to it over its serial console')
    .option('--wait-for <text>', 'return once this appeared on the serial console')
    .option('--timeout <seconds>', `how long to wait for it (default: ${DEFAULT_TIMEOUT_S})`)
    .action((name: string, options: StartOptions) => start(io, name, options));
  refuseLaterOptions(command, LATER_START_OPTIONS);
}

async function start(io: CliIo, name: string, { attach, waitFor, timeout }: StartOptions): Promise<void> {
  if (waitFor === '') throw new Failure('usage', 'bad-text', '--wait-for: is empty');
  if (timeout !== undefined && waitFor === undefined) {
    throw new Failure('usage', 'timeout-alone', '--timeout: goes with --wait-for only');
  }
  const timeoutMs = parseSeconds('timeout', timeout ?? DEFAULT_TIMEOUT_S);
  const { fleet, id } = findMachine(io, name);
  const { pid, accelerator } = await launch(io, fleet, id);
  const { name: shown } = fleet.store.intact(id);
  if (waitFor !== undefined) await awaitText(io, fleet, id, waitFor, timeoutMs);
  if (attach) return attachConsole(io, id);
  await printLine(io.stdout, `machine ${quote(shown)}: runs on ${accelerator}, pid ${pid}`);
}

/** Until the guest runs, an interrupt takes the start back. */
async function launch(io: CliIo, fleet: Fleet, id: string): Promise<{ pid: number; accelerator: string }> {
  const cancelled = new AbortController();
  const signals = (['SIGINT', 'SIGTERM'] as const).map((signal) => io.onSignal(signal, () => cancelled.abort()));
  try {
    return await fleet.start(id, { signal: cancelled.signal });
  } finally {
    for (const signal of signals) signal.dispose();
  }
}
