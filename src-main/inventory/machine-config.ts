import * as z from 'zod/mini';
import { Failure } from '../base/failure.ts';
import { quote, requireName, whyNotName } from './machine-name.ts';
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

const hostPath = z.string().check(
  z.maxLength(4095),
  z.startsWith('/', 'the full path is needed, from /'),
  z.refine((path) => !path.includes('\0'), 'a path has no zero bytes'),
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
  memoryMiB: z.int().check(z.minimum(MEMORY_MIB.min), z.maximum(MEMORY_MIB.max)),
  boot: bootSource,
  devices: z._default(z.strictObject({ debugExit: z._default(z.boolean(), false) }), { debugExit: false }),
});

/** A machine.json. */
export const machineConfig = z.extend(settings, { version: z.literal(1), id: z.uuid(), createdAt: z.iso.datetime() });
export type MachineConfig = z.infer<typeof machineConfig>;

export const machineLineage: Lineage<MachineConfig> = { noun: 'machine', version: 1, schema: machineConfig, steps: {} };

/** A machine to be made; what is left out gets its default. */
export type MachineDraft = Optional<z.input<typeof settings>, 'accelerator' | 'cpus'>;
/** Settings a machine can do without. */
type Optionals = 'description' | 'cpu' | 'topology' | 'cpuPolicy';
/** What to change of a machine; null takes an optional setting away. */
export type MachinePatch = Loose<Omit<MachineDraft, Optionals>> & {
  [K in Optionals]?: MachineDraft[K] | null | undefined;
};

type Loose<T> = { [K in keyof T]?: T[K] | undefined };
type Optional<T, K extends keyof T> = Omit<T, K> & Loose<Pick<T, K>>;

/** The configuration of a new machine; throws `usage` failures naming what is wrong. */
export function newMachineConfig(draft: MachineDraft, id: string, createdAt: string): MachineConfig {
  requireName(draft.name);
  const { accelerator = 'auto', cpus = countOf(draft.topology) ?? 1, ...rest } = draft;
  return checkedConfig(draft.name, { ...rest, accelerator, cpus, version: 1, id, createdAt });
}

/** `config` with `patch` applied; throws `usage` failures naming what is wrong. */
export function patchedConfig(config: MachineConfig, patch: MachinePatch): MachineConfig {
  if (patch.name !== undefined) requireName(patch.name);
  const changes = Object.entries(patch).filter(([, value]) => value !== undefined);
  const merged: Record<string, unknown> = { ...config, ...Object.fromEntries(changes) };
  if (patch.topology) merged.cpus = patch.cpus ?? countOf(patch.topology);
  else if (patch.cpus !== undefined) delete merged.topology;
  if (merged.description === '') delete merged.description;
  for (const [key, value] of Object.entries(merged)) if (value === null) delete merged[key];
  return checkedConfig(config.name, { ...merged, version: config.version, id: config.id, createdAt: config.createdAt });
}

function countOf(topology: MachineDraft['topology']): number | undefined {
  return topology && topology.sockets * topology.cores * topology.threads;
}

function checkedConfig(machine: string, candidate: Record<string, unknown>): MachineConfig {
  requireMemory(machine, candidate.memoryMiB);
  requireCpus(machine, candidate.cpus);
  const result = machineConfig.safeParse(candidate);
  if (result.success) {
    const { topology, cpus } = result.data;
    if (topology === undefined || countOf(topology) === cpus) return result.data;
    const { sockets, cores, threads } = topology;
    const message = `machine ${quote(machine)}: ${sockets}×${cores}×${threads} is not ${cpus} CPUs`;
    throw new Failure('usage', 'bad-topology', message);
  }
  throw new Failure('usage', 'bad-setting', `machine ${quote(machine)}: ${describeIssues(result.error.issues)}`);
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
