import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { Failure } from '../../base/failure.ts';
import { ACCELERATORS, type BootSource, type MachineDraft } from '../../inventory/machine-config.ts';
import { quote, requireName } from '../../inventory/machine-name.ts';
import { builtInGuest } from '../../inventory/resources.ts';
import { checkBootSource } from '../../vmm/client/boot-source.ts';
import { parseCount, parseMemoryMiB, parseTopology } from '../arguments.ts';
import { type CliIo, printJson, printLine } from '../cli-io.ts';
import { LATER_CREATE_OPTIONS, refuseLaterOptions } from '../later.ts';
import { mebibytes } from '../text.ts';
import { checkedCpu } from './checked-cpu.ts';
import { openFleet } from './machines.ts';

interface CreateOptions {
  readonly guest?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline?: string;
  readonly cpus?: string;
  readonly cpu?: string;
  readonly topology?: string;
  readonly cpuPolicy?: 'warn' | 'enforce';
  readonly memory?: string;
  readonly accel?: (typeof ACCELERATORS)[number];
  readonly description?: string;
  readonly debugExit?: boolean;
  readonly json?: boolean;
}

/** For guests that do not say how much they like. */
const DEFAULT_MEMORY_MIB = 512;

export function addCreate(group: Command, io: CliIo): void {
  const command = group
    .command('create')
    .description('make a machine')
    .argument('<name>', 'letters, digits, spaces and . _ -')
    .option('--guest <guest>', 'boot a guest that comes with Bulkhead: tiny-linux')
    .option('--kernel <file>', 'boot this kernel: a bzImage, or a vmlinux with a PVH entry')
    .option('--initrd <file>', 'with this initial RAM disk')
    .option('--cmdline <text>', 'and this kernel command line')
    .option('--cpus <n>', 'virtual CPUs (default: 1)')
    .option('--cpu <model>', 'CPU model with flags, as EPYC-Rome,-avx2 (default: all this host can give; KVM only)')
    .option('--topology <sockets×cores×threads>', 'how the CPUs are laid out, as 2x2x2 (default: cores of one socket)')
    .addOption(
      new Option('--cpu-policy <policy>', 'start without CPU features the host lacks, or not (default: warn)').choices([
        'warn',
        'enforce',
      ]),
    )
    .option('--memory <size>', 'memory, as 512M or 2G (default: what the guest likes, or 512M)')
    .addOption(new Option('--accel <which>', 'what runs it (default: auto)').choices(ACCELERATORS))
    .option('--description <text>', 'a note to show with it')
    .option('--debug-exit', 'with the port 0xf4 device that lets a test guest end its machine')
    .option('--json', 'print the new machine as one JSON document')
    .action((name: string, options: CreateOptions) => create(io, name, options));
  refuseLaterOptions(command, LATER_CREATE_OPTIONS);
}

async function create(io: CliIo, name: string, options: CreateOptions): Promise<void> {
  requireName(name);
  const boot = bootFrom(io, options);
  const guestMemory = boot.kind === 'guest' ? builtInGuest(boot.guest).recommendedMemoryMiB : DEFAULT_MEMORY_MIB;
  const draft: MachineDraft = {
    name,
    boot,
    memoryMiB: options.memory === undefined ? guestMemory : parseMemoryMiB(options.memory),
    cpus: options.cpus === undefined ? undefined : parseCount('cpus', options.cpus),
    ...(options.cpu === undefined ? {} : { cpu: checkedCpu(options.cpu) }),
    ...(options.topology === undefined ? {} : { topology: parseTopology(options.topology) }),
    ...(options.cpuPolicy === undefined ? {} : { cpuPolicy: options.cpuPolicy }),
    accelerator: options.accel,
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.debugExit ? { devices: { debugExit: true } } : {}),
  };
  await checkBootSource(draft);
  const fleet = openFleet(io);
  const config = fleet.store.create(draft);
  if (options.json) return printJson(io.stdout, config);
  await printLine(
    io.stdout,
    `machine ${quote(config.name)}: created with ${mebibytes(config.memoryMiB)} (${config.id})`,
  );
}

function bootFrom(io: CliIo, { guest, kernel, initrd, cmdline }: CreateOptions): BootSource {
  const commandLine = cmdline === undefined || cmdline === '' ? {} : { commandLine: cmdline };
  if (guest !== undefined && kernel !== undefined) throw usage('--guest and --kernel: one of them boots a machine');
  if (initrd !== undefined && kernel === undefined) throw usage('--initrd: goes with --kernel only');
  if (guest !== undefined) return { kind: 'guest', guest, ...commandLine };
  if (kernel === undefined) throw usage('vm create: nothing to boot: give --guest or --kernel');
  return {
    kind: 'kernel',
    kernel: resolve(io.cwd, kernel),
    ...(initrd === undefined ? {} : { initrd: resolve(io.cwd, initrd) }),
    ...commandLine,
  };
}

function usage(message: string): Failure {
  return new Failure('usage', 'boot-source', message, {
    hint: '`--guest tiny-linux` boots the Linux that comes along',
  });
}
