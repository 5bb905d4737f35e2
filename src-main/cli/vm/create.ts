import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { Failure } from '../../base/failure.ts';
import { ACCELERATORS, type BootSource } from '../../inventory/machine-config.ts';
import { quote, requireName } from '../../inventory/machine-name.ts';
import { settledPinning } from '../../inventory/pinning.ts';
import { builtInGuest } from '../../inventory/resources.ts';
import { checkBootSource } from '../../vmm/client/boot-source.ts';
import { createMachine } from '../../vmm/client/machine-disks.ts';
import { readUserData } from '../../vmm/client/user-data-file.ts';
import { parseBootOrder, parseCount, parseMemoryMiB, parseSwitch, parseTopology, several } from '../arguments.ts';
import { type CliIo, printJson, printLine } from '../cli-io.ts';
import { settledCpu } from '../cpu-names.ts';
import { mebibytes } from '../text.ts';
import { parseCdrom } from './cdrom-option.ts';
import { DISK_OPTION, parseDisk } from './disk-option.ts';
import { openFleet } from './machines.ts';
import { NET_OPTION, parseNet } from './net-option.ts';
import { parseShare, SHARE_OPTION } from './share-option.ts';
import { parseVsock } from './vsock-option.ts';

interface CreateOptions {
  readonly guest?: string;
  readonly kernel?: string;
  readonly initrd?: string;
  readonly cmdline?: string;
  readonly firmware?: 'bios';
  readonly bootOrder?: string;
  readonly bootMenu?: boolean;
  readonly cpus?: string;
  readonly cpu?: string;
  readonly topology?: string;
  readonly cpuPolicy?: 'warn' | 'enforce';
  readonly pin?: string;
  readonly memory?: string;
  readonly accel?: (typeof ACCELERATORS)[number];
  readonly description?: string;
  readonly debugExit?: boolean;
  readonly disk?: readonly string[];
  readonly share?: readonly string[];
  readonly cdrom?: string;
  readonly net?: readonly string[];
  readonly cloudInit?: string;
  readonly console?: string;
  readonly consolePort?: readonly string[];
  readonly vsock?: string;
  readonly balloon?: string;
  readonly json?: boolean;
}

/** For guests that do not say how much they like. */
const DEFAULT_MEMORY_MIB = 512;

export function addCreate(group: Command, io: CliIo): void {
  group
    .command('create')
    .description('make a machine')
    .argument('<name>', 'letters, digits, spaces and . _ -')
    .option('--guest <guest>', 'boot a guest that comes with Bulkhead: tiny-linux')
    .option('--kernel <file>', 'boot this kernel: a bzImage, or a vmlinux with a PVH entry')
    .option('--initrd <file>', 'with this initial RAM disk')
    .option('--cmdline <text>', 'and this kernel command line')
    .addOption(new Option('--firmware <which>', 'boot what the firmware finds on disks and CD').choices(['bios']))
    .addOption(
      new Option('--boot-order <devices>', 'which the firmware tries first, as cdrom,disk (default: disk,cdrom)'),
    )
    .option('--boot-menu', 'with the firmware waiting 10 s for an ESC, which opens its boot menu')
    .option('--cpus <n>', 'virtual CPUs (default: 1)')
    .option(
      '--cpu <model>',
      'CPU model or template with flags, as EPYC-Rome,-avx2 (default: all this host can give; KVM only)',
    )
    .option('--topology <sockets×cores×threads>', 'how the CPUs are laid out, as 2x2x2 (default: cores of one socket)')
    .addOption(
      new Option('--cpu-policy <policy>', 'start without CPU features the host lacks, or not (default: warn)').choices([
        'warn',
        'enforce',
      ]),
    )
    .option('--pin <vcpu:hostcpus,…>', 'host CPUs for a vCPU, as 0:2,1:4-6+8 (default: any)')
    .option('--memory <size>', 'memory, as 512M or 2G (default: what the guest likes, or 512M)')
    .addOption(new Option('--accel <which>', 'what runs it (default: auto)').choices(ACCELERATORS))
    .option(
      '--disk <disk>',
      `a disk image, or a new one kept with the machine: ${DISK_OPTION}; may be given several times`,
      several,
    )
    .option('--share <folder>', `a folder the guest may mount: ${SHARE_OPTION}; may be given several times`, several)
    .option('--cdrom <iso>', 'a CD drive with this ISO image in it, or `empty`')
    .option('--net <network>', `a network card: ${NET_OPTION}; may be given several times (default: none)`, several)
    .option('--cloud-init <file>', 'user data for cloud-init in the guest, as a NoCloud seed')
    .option('--console <on|off>', 'a virtio console beside the serial one, hvc0 in the guest (default: with any port)')
    .option('--console-port <name>', 'a port of it with this name; may be given several times', several)
    .option('--vsock <on|CID>', 'sockets between host and guest, whose address is 3 or CID (default: off)')
    .option('--balloon <on|off>', 'whether its memory can be changed while it runs (default: with any other device)')
    .option('--description <text>', 'a note to show with it')
    .option('--debug-exit', 'with the port 0xf4 device that lets a test guest end its machine')
    .option('--json', 'print the new machine as one JSON document')
    .action((name: string, options: CreateOptions) => create(io, name, options));
}

async function create(io: CliIo, name: string, options: CreateOptions): Promise<void> {
  requireName(name);
  const boot = bootFrom(io, options);
  const guestMemory = boot.kind === 'guest' ? builtInGuest(boot.guest).recommendedMemoryMiB : DEFAULT_MEMORY_MIB;
  const draft = {
    name,
    boot,
    memoryMiB: options.memory === undefined ? guestMemory : parseMemoryMiB(options.memory),
    cpus: options.cpus === undefined ? undefined : parseCount('cpus', options.cpus),
    ...(options.cpu === undefined ? {} : { cpu: settledCpu(io, options.cpu) }),
    ...(options.topology === undefined ? {} : { topology: parseTopology(options.topology) }),
    ...(options.cpuPolicy === undefined ? {} : { cpuPolicy: options.cpuPolicy }),
    ...(options.pin === undefined ? {} : { pinning: settledPinning(options.pin) }),
    accelerator: options.accel,
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.cdrom === undefined ? {} : { cdrom: parseCdrom(io, options.cdrom) }),
    ...(options.cloudInit === undefined ? {} : { cloudInit: readUserData(resolve(io.cwd, options.cloudInit)) }),
    networks: (options.net ?? []).flatMap((text) => parseNet(text) ?? []),
    shares: (options.share ?? []).map((text) => parseShare(io, text)),
    disks: (options.disk ?? []).map((text) => parseDisk(io, text)),
    ...consoleOf(options),
    ...vsockOf(options),
    ...(options.balloon === undefined ? {} : { balloon: parseSwitch('balloon', options.balloon) }),
    ...(options.debugExit ? { devices: { debugExit: true } } : {}),
  };
  await checkBootSource(draft);
  const fleet = openFleet(io);
  const config = createMachine(fleet.store, draft);
  if (options.json) return printJson(io.stdout, config);
  await printLine(
    io.stdout,
    `machine ${quote(config.name)}: created with ${mebibytes(config.memoryMiB)} (${config.id})`,
  );
}

function consoleOf({ console, consolePort }: CreateOptions): { consolePorts?: string[] } {
  const on = console === undefined ? consolePort !== undefined : parseSwitch('console', console);
  if (!on && consolePort !== undefined) {
    throw new Failure('usage', 'port-without-console', '--console-port: its console is off (--console off)');
  }
  return on ? { consolePorts: [...(consolePort ?? [])] } : {};
}

function vsockOf({ vsock }: CreateOptions): { vsock?: number } {
  const cid = vsock === undefined ? undefined : parseVsock(vsock);
  return cid === undefined ? {} : { vsock: cid };
}

function bootFrom(io: CliIo, options: CreateOptions): BootSource {
  const { guest, kernel, initrd, cmdline, firmware, bootOrder, bootMenu } = options;
  const commandLine = cmdline === undefined || cmdline === '' ? {} : { commandLine: cmdline };
  if ([guest, kernel, firmware].filter((source) => source !== undefined).length > 1) {
    throw usage('--guest, --kernel and --firmware: one of them boots a machine');
  }
  if (initrd !== undefined && kernel === undefined) throw usage('--initrd: goes with --kernel only');
  if (firmware === undefined && (bootOrder !== undefined || bootMenu)) {
    throw usage('--boot-order and --boot-menu: go with --firmware only');
  }
  if (guest !== undefined) return { kind: 'guest', guest, ...commandLine };
  if (firmware !== undefined) {
    if (cmdline !== undefined) throw usage('--cmdline: goes with a kernel or a guest: firmware has none');
    return {
      kind: 'firmware',
      firmware,
      ...(bootOrder === undefined ? {} : { order: parseBootOrder(bootOrder) }),
      ...(bootMenu ? { menu: true } : {}),
    };
  }
  if (kernel === undefined) throw usage('vm create: nothing to boot: give --guest, --kernel or --firmware');
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
