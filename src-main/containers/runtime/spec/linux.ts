import * as z from 'zod/mini';

/** The `linux` member of a config.json: OCI runtime 1.2 config-linux. Sizes in bytes, times in microseconds. */

const u32 = z.int().check(z.minimum(0), z.maximum(0xffff_ffff));
/** int64 and uint64 of the document, as far as a JSON number of JavaScript's holds them. */
const integer = z.number().check(z.refine((value) => Number.isInteger(value), 'a whole number is expected'));
const many = <T extends z.ZodMiniType>(item: T) => z._default(z.nullable(z.array(item)), null);
const text = z.string();

export const NAMESPACE_TYPES = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const;
export type NamespaceType = (typeof NAMESPACE_TYPES)[number];

const namespace = z.object({ type: z.enum(NAMESPACE_TYPES), path: z.optional(text) });

const idMapping = z.object({ containerID: u32, hostID: u32, size: u32 });
export type IdMapping = z.infer<typeof idMapping>;

const device = z.object({
  path: text,
  type: z.enum(['c', 'b', 'u', 'p']),
  major: z.optional(integer),
  minor: z.optional(integer),
  fileMode: z.optional(u32),
  uid: z.optional(u32),
  gid: z.optional(u32),
});
export type Device = z.infer<typeof device>;

const deviceRule = z.object({
  allow: z.boolean(),
  type: z.optional(z.enum(['a', 'b', 'c'])),
  major: z.optional(integer),
  minor: z.optional(integer),
  access: z.optional(text.check(z.regex(/^[rwm]*$/, 'of r, w and m'))),
});
export type DeviceRule = z.infer<typeof deviceRule>;

const deviceWeight = z.object({
  major: integer,
  minor: integer,
  weight: z.optional(integer),
  leafWeight: z.optional(integer),
});
const deviceRate = z.object({ major: integer, minor: integer, rate: integer });

const memory = z.object({
  limit: z.optional(integer),
  reservation: z.optional(integer),
  /** Memory and swap together. */
  swap: z.optional(integer),
  kernel: z.optional(integer),
  kernelTCP: z.optional(integer),
  swappiness: z.optional(integer),
  disableOOMKiller: z.optional(z.boolean()),
  useHierarchy: z.optional(z.boolean()),
  checkBeforeUpdate: z.optional(z.boolean()),
});

const cpu = z.object({
  shares: z.optional(integer),
  quota: z.optional(integer),
  burst: z.optional(integer),
  period: z.optional(integer),
  realtimeRuntime: z.optional(integer),
  realtimePeriod: z.optional(integer),
  cpus: z.optional(text),
  mems: z.optional(text),
  idle: z.optional(integer),
});

const blockIo = z.object({
  weight: z.optional(integer),
  leafWeight: z.optional(integer),
  weightDevice: many(deviceWeight),
  throttleReadBpsDevice: many(deviceRate),
  throttleWriteBpsDevice: many(deviceRate),
  throttleReadIOPSDevice: many(deviceRate),
  throttleWriteIOPSDevice: many(deviceRate),
});

/** As the kernel's files are named by it: cgroup-v2.rst §HugeTLB. */
const pageSize = text.check(z.regex(/^[1-9]\d*[KMG]B$/, 'a size like 2MB is expected'));
/** A device's name, on a line of the kernel's. */
const word = text.check(z.regex(/^[^\s/]+$/, 'a name is expected'));

export const resources = z.object({
  devices: many(deviceRule),
  memory: z.optional(memory),
  cpu: z.optional(cpu),
  /** limit: -1 and 0 mean none. */
  pids: z.optional(z.object({ limit: integer })),
  blockIO: z.optional(blockIo),
  hugepageLimits: many(z.object({ pageSize, limit: integer })),
  network: z.optional(
    z.object({ classID: z.optional(u32), priorities: many(z.object({ name: word, priority: u32 })) }),
  ),
  /** By the device's name. */
  rdma: z.optional(z.record(word, z.object({ hcaHandles: z.optional(u32), hcaObjects: z.optional(u32) }))),
  /** cgroup v2 files by name. */
  unified: z.optional(z.record(text, text)),
});
export type Resources = z.infer<typeof resources>;
/** The same as a caller writes it. */
export type ResourcesInput = z.input<typeof resources>;

const syscallRule = z.object({
  names: z.array(text),
  action: text,
  errnoRet: z.optional(u32),
  args: many(z.object({ index: u32, value: integer, valueTwo: z.optional(integer), op: text })),
});

const seccomp = z.object({
  defaultAction: text,
  defaultErrnoRet: z.optional(u32),
  architectures: many(text),
  flags: many(text),
  listenerPath: z.optional(text),
  listenerMetadata: z.optional(text),
  syscalls: many(syscallRule),
});
export type Seccomp = z.infer<typeof seccomp>;
export type SyscallRule = z.infer<typeof syscallRule>;

export const linux = z.object({
  namespaces: many(namespace),
  uidMappings: many(idMapping),
  gidMappings: many(idMapping),
  timeOffsets: z.optional(
    z.partialRecord(
      z.enum(['monotonic', 'boottime']),
      z.object({ secs: z._default(integer, 0), nanosecs: z._default(u32.check(z.maximum(999_999_999)), 0) }),
    ),
  ),
  devices: many(device),
  cgroupsPath: z.optional(text),
  resources: z.optional(resources),
  sysctl: z._default(z.nullable(z.record(text, text)), null),
  seccomp: z.optional(seccomp),
  rootfsPropagation: z.optional(
    z.enum(['', 'shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate', 'unbindable', 'runbindable']),
  ),
  maskedPaths: many(text),
  readonlyPaths: many(text),
  mountLabel: z.optional(text),
  personality: z.optional(z.nullable(z.object({ domain: z.enum(['LINUX', 'LINUX32']), flags: many(text) }))),
  intelRdt: z.optional(z.unknown()),
  /** These two are of version 1.3. */
  netDevices: z.optional(z.unknown()),
  memoryPolicy: z.optional(z.unknown()),
});
export type LinuxSpec = z.infer<typeof linux>;
