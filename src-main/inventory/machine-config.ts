import * as z from 'zod/mini';
import { Failure } from '../base/failure.ts';
import { newMacAddress } from './mac-address.ts';
import { BOOT_DEVICES, hardware, hostPath, type Network, type NetworkDraft } from './machine-hardware.ts';
import { quote, requireName, whyNotName } from './machine-name.ts';
import { parsePinning } from './pinning.ts';
import { describeIssues, type Lineage } from './versioned.ts';

export const MEMORY_MIB = { min: 16, max: 1_048_576 } as const;
export const CPUS = { min: 1, max: 64 } as const;
/** Linux COMMAND_LINE_SIZE on x86, minus the terminating zero. */
const COMMAND_LINE_MAX = 2047;

export const ACCELERATORS = ['auto', 'kvm', 'translated'] as const;

const name = z.string().check((context) => {
  const why = whyNotName(context.value);
  if (why !== undefined) context.issues.push({ code: 'custom', message: why, input: context.value });
});

const commandLine = z.string().check(
  z.maxLength(COMMAND_LINE_MAX, `at most ${COMMAND_LINE_MAX} bytes`),
  z.refine((text) => !/\p{Cc}/u.test(text), 'a kernel command line is one line without control characters'),
);

export const bootSource = z.discriminatedUnion('kind', [
  /** A guest that comes with Bulkhead. */
  z.strictObject({
    kind: z.literal('guest'),
    guest: z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/)),
    commandLine: z.optional(commandLine),
  }),
  /** Files of the user's. */
  z.strictObject({
    kind: z.literal('kernel'),
    kernel: hostPath,
    initrd: z.optional(hostPath),
    commandLine: z.optional(commandLine),
  }),
  /** Whatever the firmware finds on the machine's disks and its CD. */
  z.strictObject({
    kind: z.literal('firmware'),
    firmware: z.literal('bios'),
    /** Tried one after another; without it, disks before the CD before the network. */
    order: z.optional(z.array(z.enum(BOOT_DEVICES)).check(z.minLength(1), z.maxLength(BOOT_DEVICES.length))),
    /** Whether the firmware waits for a key that opens its boot menu. */
    menu: z.optional(z.boolean()),
  }),
]);
export type BootSource = z.infer<typeof bootSource>;

const topology = z.strictObject({
  sockets: z.int().check(z.minimum(1), z.maximum(CPUS.max)),
  cores: z.int().check(z.minimum(1), z.maximum(CPUS.max)),
  threads: z.int().check(z.minimum(1), z.maximum(CPUS.max)),
});

/** What a person decides about a machine. */
const settings = z.strictObject({
  name,
  description: z.optional(z.string().check(z.maxLength(2000))),
  accelerator: z.enum(ACCELERATORS),
  cpus: z.int().check(z.minimum(CPUS.min), z.maximum(CPUS.max)),
  /** `MODEL[,+flag,-flag]`, read by cpu/cpu-spec.ts; without it the guest gets what the host can give. */
  cpu: z.optional(z.string().check(z.minLength(1), z.maxLength(2000))),
  /** How `cpus` are laid out; without it, cores of one socket. */
  topology: z.optional(topology),
  /** Whether a machine starts without CPU features the host lacks. */
  cpuPolicy: z.optional(z.enum(['warn', 'enforce'])),
  /** On which host CPUs which vCPU runs, read by pinning.ts; without it, anywhere. */
  pinning: z.optional(
    z.string().check((context) => {
      const why = whyNotPinning(context.value);
      if (why !== undefined) context.issues.push({ code: 'custom', message: why, input: context.value });
    }),
  ),
  memoryMiB: z.int().check(z.minimum(MEMORY_MIB.min), z.maximum(MEMORY_MIB.max)),
  boot: bootSource,
  devices: z._default(z.strictObject({ debugExit: z._default(z.boolean(), false) }), { debugExit: false }),
  ...hardware,
});

const VERSION = 2;

/** A machine.json. */
export const machineConfig = z.extend(settings, {
  version: z.literal(VERSION),
  id: z.uuid(),
  createdAt: z.iso.datetime(),
});
export type MachineConfig = z.infer<typeof machineConfig>;

export const machineLineage: Lineage<MachineConfig> = {
  noun: 'machine',
  version: VERSION,
  schema: machineConfig,
  steps: {
    // 2 adds disks, cdrom, networks, shares, cloudInit and firmware boot; a machine of version 1 has none of them.
    1: (old) => old,
  },
};

/** A machine to be made; what is left out gets its default. */
export type MachineDraft = Omit<Optional<z.input<typeof settings>, 'accelerator' | 'cpus'>, 'networks'> & {
  networks?: readonly NetworkDraft[] | undefined;
};
/** Settings a machine can do without. */
type Optionals =
  | 'description'
  | 'cpu'
  | 'topology'
  | 'cpuPolicy'
  | 'pinning'
  | 'cdrom'
  | 'cloudInit'
  | 'consolePorts'
  | 'vsock'
  | 'balloon';
/** What to change of a machine; null takes an optional setting away. */
export type MachinePatch = Loose<Omit<MachineDraft, Optionals>> & {
  [K in Optionals]?: MachineDraft[K] | null | undefined;
};

type Loose<T> = { [K in keyof T]?: T[K] | undefined };
type Optional<T, K extends keyof T> = Omit<T, K> & Loose<Pick<T, K>>;

/** The configuration of a new machine; throws `usage` failures naming what is wrong. */
export function newMachineConfig(draft: MachineDraft, id: string, createdAt: string): MachineConfig {
  requireName(draft.name);
  const { accelerator = 'auto', cpus = countOf(draft.topology) ?? 1, networks = [], ...rest } = draft;
  const cards = networksWithMacs(networks);
  return checkedConfig(draft.name, { ...rest, accelerator, cpus, networks: cards, version: VERSION, id, createdAt });
}

/** `config` with `patch` applied; throws `usage` failures naming what is wrong. */
export function patchedConfig(config: MachineConfig, patch: MachinePatch): MachineConfig {
  if (patch.name !== undefined) requireName(patch.name);
  const changes = Object.entries(patch).filter(([, value]) => value !== undefined);
  const merged: Record<string, unknown> = { ...config, ...Object.fromEntries(changes) };
  if (patch.topology) merged.cpus = patch.cpus ?? countOf(patch.topology);
  else if (patch.cpus !== undefined) delete merged.topology;
  if (patch.networks) merged.networks = networksWithMacs(patch.networks, config.networks);
  if (merged.description === '') delete merged.description;
  for (const [key, value] of Object.entries(merged)) if (value === null) delete merged[key];
  return checkedConfig(config.name, { ...merged, version: VERSION, id: config.id, createdAt: config.createdAt });
}

/** A guest always finds the same card: a network without an address gets that of the one it replaces, or a new one. */
function networksWithMacs(networks: readonly NetworkDraft[], before: readonly Network[] = []): object[] {
  return networks.map((network, index) => ({ ...network, mac: network.mac ?? before[index]?.mac ?? newMacAddress() }));
}

function whyNotPinning(text: string): string | undefined {
  try {
    parsePinning(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function countOf(topology: MachineDraft['topology']): number | undefined {
  return topology && topology.sockets * topology.cores * topology.threads;
}

function checkedConfig(machine: string, candidate: Record<string, unknown>): MachineConfig {
  requireMemory(machine, candidate.memoryMiB);
  requireCpus(machine, candidate.cpus);
  const result = machineConfig.safeParse(candidate);
  if (result.success) {
    const { topology, cpus, accelerator } = result.data;
    if (accelerator === 'translated' && cpus > 1) throw tooManyForTranslated(machine, cpus);
    if (topology === undefined || countOf(topology) === cpus) return result.data;
    const { sockets, cores, threads } = topology;
    const message = `machine ${quote(machine)}: ${sockets}×${cores}×${threads} is not ${cpus} CPUs`;
    throw new Failure('usage', 'bad-topology', message);
  }
  throw new Failure('usage', 'bad-setting', `machine ${quote(machine)}: ${describeIssues(result.error.issues)}`);
}

/** `auto` may find KVM when it starts; a machine that names the translating accelerator never can. */
function tooManyForTranslated(machine: string, cpus: number): Failure {
  return new Failure(
    'usage',
    'bad-cpus',
    `machine ${quote(machine)}: ${cpus} CPUs: the translating accelerator has one`,
    {
      hint: 'take one CPU, or the accelerator kvm',
    },
  );
}

function requireMemory(machine: string, memoryMiB: unknown): void {
  const { min, max } = MEMORY_MIB;
  if (typeof memoryMiB === 'number' && memoryMiB >= min && memoryMiB <= max) return;
  const what = typeof memoryMiB === 'number' ? `${memoryMiB} MiB of memory` : 'memory';
  const why =
    typeof memoryMiB === 'number' && memoryMiB > max ? `at most ${max} MiB` : `at least ${min} MiB are needed`;
  throw new Failure('usage', 'bad-memory', `machine ${quote(machine)}: ${what}: ${why}`);
}

function requireCpus(machine: string, cpus: unknown): void {
  if (typeof cpus === 'number' && cpus >= CPUS.min && cpus <= CPUS.max) return;
  const message = `machine ${quote(machine)}: ${String(cpus)} CPUs: between ${CPUS.min} and ${CPUS.max} are possible`;
  throw new Failure('usage', 'bad-cpus', message);
}
