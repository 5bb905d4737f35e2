import { resolve } from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import {
  ACCELERATORS,
  type BootSource,
  type MachineConfig,
  type MachinePatch,
} from '../../inventory/machine-config.ts';
import { EMPTY_DRIVE } from '../../inventory/machine-hardware.ts';
import { quote } from '../../inventory/machine-name.ts';
import { settledPinning } from '../../inventory/pinning.ts';
import { checkBootSource } from '../../vmm/client/boot-source.ts';
import { changeMachine, type WantedDisk } from '../../vmm/client/machine-disks.ts';
import { isLive } from '../../vmm/client/machine-state.ts';
import { readUserData } from '../../vmm/client/user-data-file.ts';
import { parseBootOrder, parseCount, parseMemoryMiB, parseSwitch, parseTopology } from '../arguments.ts';
import type { CliIo } from '../cli-io.ts';
import { settledCpu } from '../cpu-names.ts';
import { parseCdrom } from './cdrom-option.ts';
import { parseDisk } from './disk-option.ts';
import { findMachine } from './machines.ts';
import { parseNet } from './net-option.ts';
import { parseShare } from './share-option.ts';
import { parseVsock } from './vsock-option.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };
/** A patch being put together, over the configuration it is for. */
interface Change {
  readonly io: CliIo;
  readonly config: MachineConfig;
  readonly patch: Writable<Omit<MachinePatch, 'disks'>> & { disks?: WantedDisk[] };
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
  cpu: ({ io, patch }, value) => {
    patch.cpu = value === '' ? null : settledCpu(io, value);
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
  pin: ({ patch }, value) => {
    patch.pinning = value === '' ? null : settledPinning(value);
  },
  memory: ({ patch }, value) => {
    patch.memoryMiB = parseMemoryMiB(value);
  },
  cmdline: (change, value) => {
    const old = bootOf(change);
    if (old.kind === 'firmware') throw usage('cmdline: goes with a kernel or a guest: firmware has none');
    const { commandLine: _old, ...boot } = old;
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
  disk: ({ io, patch }, value) => {
    // The first one replaces the disks the machine has, those after it come beside it.
    patch.disks = value === '' ? [] : [...(patch.disks ?? []), parseDisk(io, value)];
  },
  share: ({ io, patch }, value) => {
    patch.shares = value === '' ? [] : [...(patch.shares ?? []), parseShare(io, value)];
  },
  cdrom: ({ io, patch }, value) => {
    patch.cdrom = value === '' ? null : parseCdrom(io, value);
  },
  'cloud-init': ({ io, patch }, value) => {
    patch.cloudInit = value === '' ? null : readUserData(resolve(io.cwd, value));
  },
  firmware: ({ patch }, value) => {
    if (value !== 'bios') throw usage(`firmware ${quote(value)}: bios is expected`);
    patch.boot = { kind: 'firmware', firmware: value };
  },
  'boot-order': (change, value) => {
    const { order: _old, ...boot } = firmwareOf('boot-order', change);
    change.patch.boot = value === '' ? boot : { ...boot, order: parseBootOrder(value) };
  },
  'boot-menu': (change, value) => {
    change.patch.boot = { ...firmwareOf('boot-menu', change), menu: parseSwitch('boot-menu', value) };
  },
  net: ({ patch }, value) => {
    const network = value === '' ? undefined : parseNet(value);
    patch.networks = [...(patch.networks ?? []), ...(network === undefined ? [] : [network])];
  },
  console: ({ patch, config }, value) => {
    const on = value !== '' && parseSwitch('console', value);
    patch.consolePorts = on ? (patch.consolePorts ?? config.consolePorts ?? []) : null;
  },
  'console-port': ({ patch }, value) => {
    // The first one replaces the ports the console has, those after it come beside it.
    patch.consolePorts = value === '' ? [] : [...(patch.consolePorts ?? []), value];
  },
  vsock: ({ patch }, value) => {
    patch.vsock = value === '' ? null : (parseVsock(value) ?? null);
  },
  balloon: ({ patch }, value) => {
    patch.balloon = value === '' ? null : parseSwitch('balloon', value);
  },
  'debug-exit': ({ patch }, value) => {
    patch.devices = { debugExit: parseSwitch('debug-exit', value) };
  },
};

export function addSet(group: Command, io: CliIo): void {
  group
    .command('set')
    .description(
      `change settings of a machine that is off: ${Object.keys(KEYS).join(', ')}; cdrom alone also while it runs`,
    )
    .argument('<name>')
    .argument(
      '<key=value...>',
      'as memory=1G; an empty value takes an optional setting away; cdrom=empty leaves an empty drive',
    )
    .action(async (name: string, assignments: string[]) => {
      const { fleet, id } = findMachine(io, name);
      const config = fleet.store.intact(id);
      const change: Change = { io, config, patch: {} };
      for (const assignment of assignments) assign(change, assignment);
      const { state } = await fleet.summary(id);
      if (isLive(state)) {
        const { cdrom, ...others } = change.patch;
        if (cdrom === undefined || Object.keys(others).length > 0) throw notNow(config.name, state);
        // The drive itself stays as long as it runs.
        return fleet.changeMedium(id, cdrom ?? EMPTY_DRIVE);
      }
      const { memoryMiB = config.memoryMiB, boot = config.boot } = change.patch;
      if (change.patch.boot || config.boot.kind === 'guest') {
        await checkBootSource({ name: config.name, memoryMiB, boot });
      }
      changeMachine(fleet.store, id, change.patch);
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

function firmwareOf(key: string, change: Change): Extract<BootSource, { kind: 'firmware' }> {
  const boot = bootOf(change);
  if (boot.kind === 'firmware') return boot;
  throw usage(`${key}: goes with firmware only: set firmware=bios first`);
}

function notNow(name: string, state: string): Failure {
  return new Failure('state', 'machine-running', `machine ${quote(name)}: cannot change: it is ${state}`, {
    hint: 'shut it down first: `bulkhead vm stop`, or `bulkhead vm kill`',
  });
}

function usage(message: string): Failure {
  return new Failure('usage', 'bad-setting', message);
}
