import { z } from 'zod';
import { cpuText } from './cpu.ts';
import { bootDevice, disk, hardware, hostPath, liveNetwork } from './hardware.ts';

export const machineId = z.uuid();

export const machineState = z.enum(['stopped', 'starting', 'running', 'paused', 'stopping', 'crashed', 'broken']);
export type MachineState = z.infer<typeof machineState>;

export const acceleratorChoice = z.enum(['auto', 'kvm', 'translated']);
export type AcceleratorChoice = z.infer<typeof acceleratorChoice>;

/** One machine as lists show it: the shape of `vm list --json`. */
export const machineSummary = z.object({
  id: z.string(),
  name: z.string(),
  state: machineState,
  accelerator: z.string(),
  cpus: z.number(),
  memoryMiB: z.number(),
  pid: z.number().optional(),
  reason: z.string().optional(),
});
export type MachineSummary = z.infer<typeof machineSummary>;

/** The list as it is, then what changes in it. */
export const machineListItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('snapshot'), machines: z.array(machineSummary) }),
  z.object({ kind: z.enum(['added', 'changed']), machine: machineSummary }),
  z.object({ kind: z.literal('removed'), id: z.string() }),
]);
export type MachineListItem = z.infer<typeof machineListItem>;

/** Starts with a letter or digit; letters, digits, spaces and `._-`; no space at the end; 1 to 64 characters. */
export const machineName = z
  .string()
  .min(1, 'a machine needs a name')
  .refine((name) => [...name].length <= 64, 'a name has at most 64 characters')
  .refine((name) => name === '' || /^[\p{L}\p{N}]/u.test(name), 'a name starts with a letter or a digit')
  .refine((name) => /^[\p{L}\p{M}\p{N} ._-]*$/u.test(name), 'a name has letters, digits, spaces and . _ - only')
  .refine((name) => !name.endsWith(' '), 'a name does not end with a space');

export const bootSource = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('guest'),
    guest: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
    commandLine: z.string().max(2047).optional(),
  }),
  z.strictObject({
    kind: z.literal('kernel'),
    kernel: hostPath,
    initrd: hostPath.optional(),
    commandLine: z.string().max(2047).optional(),
  }),
  z.strictObject({
    kind: z.literal('firmware'),
    firmware: z.literal('bios'),
    order: z.array(bootDevice).min(1).max(3).optional(),
    menu: z.boolean().optional(),
  }),
]);
export type BootSource = z.infer<typeof bootSource>;

export const minMemoryMiB = 16;
export const maxMemoryMiB = 1_048_576;

const topologyPart = z.int().min(1).max(64);
/** How processors are laid out: sockets × cores of each × threads of each. */
export const topology = z.strictObject({ sockets: topologyPart, cores: topologyPart, threads: topologyPart });
export type Topology = z.infer<typeof topology>;

const cpuPolicy = z.enum(['warn', 'enforce']);
export type CpuPolicy = z.infer<typeof cpuPolicy>;

/** `0:2,1:4-6+8`, as `--pin` takes it. */
const pinning = z.string().min(1).max(2000);

/** What a person decides about a new machine; ids and times are added where it is stored. */
export const machineDraft = z.strictObject({
  name: machineName,
  description: z.string().max(2000).optional(),
  accelerator: acceleratorChoice,
  cpus: z.int().min(1).max(64),
  /** Without it, the guest gets all the host can give. */
  cpu: cpuText.optional(),
  /** Without it, the processors are cores of one socket. */
  topology: topology.optional(),
  cpuPolicy: cpuPolicy.optional(),
  pinning: pinning.optional(),
  memoryMiB: z.int().min(minMemoryMiB).max(maxMemoryMiB),
  boot: bootSource,
  ...hardware,
});
export type MachineDraft = z.infer<typeof machineDraft>;

/** What to change; null takes what is optional away. */
export const machinePatch = machineDraft
  .extend({
    cdrom: hardware.cdrom.nullable(),
    cloudInit: hardware.cloudInit.nullable(),
    consolePorts: hardware.consolePorts.nullable(),
    vsock: hardware.vsock.nullable(),
    cpu: cpuText.nullish(),
    topology: topology.nullish(),
    cpuPolicy: cpuPolicy.nullish(),
    pinning: pinning.nullish(),
  })
  .partial();
export type MachinePatch = z.infer<typeof machinePatch>;

/** Everything about one machine; a broken one has neither `config` nor a state but `broken`. */
export const machineDetail = z.object({
  summary: machineSummary,
  config: machineDraft.extend({ createdAt: z.string(), disks: z.array(disk).optional() }).optional(),
  paths: z.object({
    folder: z.string(),
    log: z.string(),
    qmp: z.string(),
    serial: z.string(),
    /** The sockets of the virtio console's ports, by their names; and the one that connections to the guest start at. */
    ports: z.record(z.string(), z.string()).optional(),
    vsock: z.string().optional(),
  }),
  /** While it runs. */
  networks: z.array(liveNetwork).optional(),
});
export type MachineDetail = z.infer<typeof machineDetail>;

/** One reading of a running machine's counters; rates are made from two. `atMs` is the reading clock, monotonic. */
export const machineSample = z.object({
  atMs: z.number(),
  uptimeMs: z.number(),
  /** CPU time of the whole VM host process, milliseconds. */
  hostCpuMs: z.number(),
  residentMiB: z.number(),
  /** The memory balloon, where the machine has one; `active` once the guest has a driver for it. */
  balloon: z
    .object({
      active: z.boolean(),
      totalMiB: z.number(),
      targetMiB: z.number(),
      actualMiB: z.number(),
      freeMiB: z.number().optional(),
    })
    .optional(),
  exits: z.object({ port: z.number(), mmio: z.number(), other: z.number() }),
  consoleBytes: z.number(),
  visitors: z.number(),
  /** Each vCPU's state, and the CPU time its thread has had. */
  vcpus: z.array(z.object({ state: z.string(), cpuMs: z.number() })),
});
export type MachineSample = z.infer<typeof machineSample>;

/** Samples once a second while the machine runs; `off` when there is nothing to read. */
export const machineStatsItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('sample'), sample: machineSample }),
  z.object({ kind: z.literal('off') }),
]);
export type MachineStatsItem = z.infer<typeof machineStatsItem>;

const byteArray = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'not bytes');

/**
 * `attached`: connected to a running machine; its scrollback follows, so what was drawn before is to be cleared. The
 * first `replay` bytes were printed before: a terminal must not answer the questions among them a second time.
 * `detached`: the machine went off; the stream stays open and attaches again when it starts.
 */
export const consoleItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('attached'), replay: z.number() }),
  z.object({ kind: z.literal('bytes'), bytes: byteArray }),
  z.object({ kind: z.literal('detached') }),
]);
export type ConsoleItem = z.infer<typeof consoleItem>;

/** `drawn` acknowledges bytes the terminal has drawn: reading pauses while too many are not. */
export const consoleMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('input'), bytes: byteArray.refine((bytes) => bytes.length <= 1 << 20) }),
  z.strictObject({
    kind: z.literal('drawn'),
    bytes: z
      .int()
      .min(0)
      .max(1 << 30),
  }),
]);
export type ConsoleMessage = z.infer<typeof consoleMessage>;

export const logSource = z.enum(['serial', 'host']);

/** The end of a log: at most what was asked for. `size` is that of the whole file. */
export const logTail = z.object({ path: z.string(), size: z.number(), text: z.string(), truncated: z.boolean() });
export type LogTail = z.infer<typeof logTail>;
