import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import {
  ACCELERATORS,
  type BootSource,
  type MachineConfig,
  type MachinePatch,
} from '../../inventory/machine-config.ts';
import { quote } from '../../inventory/machine-name.ts';
import { checkBootSource } from '../../vmm/client/boot-source.ts';
import { isLive } from '../../vmm/client/machine-state.ts';
import { parseCount, parseMemoryMiB, parseSwitch, parseTopology } from '../arguments.ts';
import type { CliIo } from '../cli-io.ts';
import { checkedCpu } from './checked-cpu.ts';
import { findMachine } from './machines.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
/** A patch being put together, over the configuration it is for. */
interface Change {
  readonly io: CliIo;
  readonly config: MachineConfig;
  readonly patch: Writable<MachinePatch>;
}

/** What each key does with its value; an empty one takes an optional setting away. */
const KEYS: Record<string, (change: Change, value: string) => void> = {
  name: ({ patch }, value) => {
    patch.name = value;
  },
  description: ({ patch }, value) => {
    patch.description = value === '' ? null : value;
  },
  accel: ({ patch }, value) => {
    const found = ACCELERATORS.find((accelerator) => accelerator === value);
    if (!found) throw usage(`accel ${quote(value)}: is none of ${ACCELERATORS.join(', ')}`);
    patch.accelerator = found;
  },
  cpus: ({ patch }, value) => {
    patch.cpus = parseCount('cpus', value);
  },
  cpu: ({ patch }, value) => {
    patch.cpu = value === '' ? null : checkedCpu(value);
  },
  topology: ({ patch }, value) => {
    patch.topology = value === '' ? null : parseTopology(value);
  },
  'cpu-policy': ({ patch }, value) => {
    if (value !== '' && value !== 'warn' && value !== 'enforce') {
      throw usage(`cpu-policy ${quote(value)}: is none of warn, enforce`);
    }
    patch.cpuPolicy = value === '' ? null : value;
  },
  memory: ({ patch }, value) => {
    patch.memoryMiB = parseMemoryMiB(value);
  },
  cmdline: (change, value) => {
    const { commandLine: _old, ...boot } = bootOf(change);
    change.patch.boot = value === '' ? boot : { ...boot, commandLine: value };
  },
  guest: ({ patch }, value) => {
    patch.boot = { kind: 'guest', guest: value };
  },
  kernel: (change, value) => {
    const boot = bootOf(change);
    const kernel = resolve(change.io.cwd, value);
    change.patch.boot = boot.kind === 'kernel' ? { ...boot, kernel } : { kind: 'kernel', kernel };
  },
  initrd: (change, value) => {
    const old = bootOf(change);
    if (old.kind !== 'kernel') throw usage('initrd: goes with a kernel of your own only: set kernel=FILE first');
    const { initrd: _old, ...boot } = old;
    change.patch.boot = value === '' ? boot : { ...boot, initrd: resolve(change.io.cwd, value) };
  },
  'debug-exit': ({ patch }, value) => {
    patch.devices = { debugExit: parseSwitch('debug-exit', value) };
  },
};

export function addSet(group: Command, io: CliIo): void {
  group
    .command('set')
    .description(`change settings of a machine that is off: ${Object.keys(KEYS).join(', ')}`)
    .argument('<name>')
    .argument('<key=value...>', 'as memory=1G; an empty value takes an optional setting away')
    .action(async (name: string, assignments: string[]) => {
      const { fleet, id } = findMachine(io, name);
      const config = fleet.store.intact(id);
      const change: Change = { io, config, patch: {} };
      for (const assignment of assignments) assign(change, assignment);
      const { state } = await fleet.summary(id);
      if (isLive(state)) throw notNow(config.name, state);
      const { memoryMiB = config.memoryMiB, boot = config.boot } = change.patch;
      if (change.patch.boot || config.boot.kind === 'guest') {
        await checkBootSource({ name: config.name, memoryMiB, boot });
      }
      fleet.store.update(id, change.patch);
    });
}

function assign(change: Change, assignment: string): void {
  const at = assignment.indexOf('=');
  const key = at < 0 ? assignment : assignment.slice(0, at);
  const set = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
  if (!set) throw usage(`setting ${quote(key)}: is none of ${Object.keys(KEYS).join(', ')}`);
  if (at < 0) throw usage(`setting ${quote(key)}: has no value: write ${key}=VALUE`);
  set(change, assignment.slice(at + 1));
}

function bootOf({ patch, config }: Change): BootSource {
  return patch.boot ?? config.boot;
}

function notNow(name: string, state: string): Failure {
  return new Failure('state', 'machine-running', `machine ${quote(name)}: cannot change: it is ${state}`, {
    hint: 'shut it down first: `bulkhead vm stop`, or `bulkhead vm kill`',
  });
}

function usage(message: string): Failure {
  return new Failure('usage', 'bad-setting', message);
}
