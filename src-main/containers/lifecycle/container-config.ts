import { z } from 'zod';

/**
 * What a client decides about a container, in Docker's own words and defaults, so that `inspect` can say it back.
 * Docker API 1.47 ContainerConfig and HostConfig. Go's clients send null for an empty list; keys we do not know are kept.
 */
const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const whole = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
const texts = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? null);
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value): z.output<T>[] => value ?? []);
const map = <T extends z.ZodType>(item: T) =>
  z
    .record(z.string(), item)
    .nullish()
    .transform((value): Record<string, z.output<T>> => value ?? {});
/** A command is a list; old clients may say it as one word. */
const words = z
  .union([z.string(), z.array(z.string())])
  .nullish()
  .transform((value) => (typeof value === 'string' ? [value] : (value ?? null)));
const emptySet = z.record(z.string(), z.unknown()).transform(() => ({}));

export const healthConfig = z.object({
  Test: texts,
  /** Nanoseconds, all four. 0 inherits, and without anything to inherit from is the default. */
  Interval: whole,
  Timeout: whole,
  StartPeriod: whole,
  StartInterval: whole,
  Retries: whole,
});
export type HealthConfig = z.infer<typeof healthConfig>;

export const containerConfig = z.looseObject({
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: map(emptySet),
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: words,
  Healthcheck: healthConfig.nullish().transform((value) => value ?? undefined),
  Image: text,
  Volumes: map(emptySet),
  WorkingDir: text,
  Entrypoint: words,
  NetworkDisabled: flag,
  Labels: map(z.string()),
  StopSignal: text,
  /** Seconds; null is the default of ten. */
  StopTimeout: z
    .number()
    .nullish()
    .transform((value) => value ?? undefined),
});
export type ContainerConfig = z.infer<typeof containerConfig>;

export const mountRequest = z.object({
  Type: z.enum(['bind', 'volume', 'tmpfs']),
  Source: text,
  Target: z.string().min(1, 'a mount needs a target'),
  ReadOnly: flag,
  BindOptions: z
    .looseObject({ Propagation: text, NonRecursive: flag, CreateMountpoint: flag })
    .nullish()
    .transform((value) => value ?? undefined),
  VolumeOptions: z
    .looseObject({ NoCopy: flag, Labels: map(z.string()), Subpath: text })
    .nullish()
    .transform((value) => value ?? undefined),
  TmpfsOptions: z
    .looseObject({ SizeBytes: whole, Mode: whole })
    .nullish()
    .transform((value) => value ?? undefined),
});
export type MountRequest = z.infer<typeof mountRequest>;

export const restartPolicy = z.object({
  Name: z
    .enum(['', 'no', 'always', 'unless-stopped', 'on-failure'])
    .nullish()
    .transform((value) => value || 'no'),
  MaximumRetryCount: whole,
});
export type RestartPolicy = z.infer<typeof restartPolicy>;

const portBinding = z.object({ HostIp: text, HostPort: text });
const ulimit = z.object({ Name: z.string(), Soft: z.number(), Hard: z.number() });
const device = z.object({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text });
const rate = z.object({ Path: z.string(), Rate: z.number() });

/** What `HostConfig.Resources` and an update have in common: what a running container's limits can be changed to. */
export const resourceLimits = z.looseObject({
  CpuShares: whole,
  Memory: whole,
  NanoCpus: whole,
  CpuPeriod: whole,
  CpuQuota: whole,
  CpusetCpus: text,
  CpusetMems: text,
  MemoryReservation: whole,
  /** -1 is no limit. */
  MemorySwap: whole,
  PidsLimit: z
    .number()
    .nullish()
    .transform((value) => value ?? null),
  BlkioWeight: whole,
});
export type ResourceLimits = z.infer<typeof resourceLimits>;

export const hostConfig = resourceLimits.extend({
  Binds: texts,
  Mounts: list(mountRequest),
  Tmpfs: map(z.string()),
  LogConfig: z
    .object({ Type: text, Config: map(z.string()) })
    .nullish()
    .transform((value) => ({ Type: value?.Type || 'json-file', Config: value?.Config ?? {} })),
  NetworkMode: text.transform((value) => value || 'default'),
  PortBindings: map(
    z
      .array(portBinding)
      .nullish()
      .transform((value) => value ?? []),
  ),
  PublishAllPorts: flag,
  RestartPolicy: restartPolicy.nullish().transform((value) => value ?? { Name: 'no' as const, MaximumRetryCount: 0 }),
  AutoRemove: flag,
  VolumesFrom: texts,
  CapAdd: texts,
  CapDrop: texts,
  CgroupnsMode: text,
  Dns: list(z.string()),
  DnsOptions: list(z.string()),
  DnsSearch: list(z.string()),
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text.transform((value) => value || 'private'),
  PidMode: text,
  UTSMode: text,
  UsernsMode: text,
  Privileged: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: texts,
  ShmSize: whole.transform((value) => value || 64 << 20),
  Sysctls: map(z.string()),
  OomScoreAdj: whole,
  OomKillDisable: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  Init: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
  MaskedPaths: texts,
  ReadonlyPaths: texts,
  Ulimits: list(ulimit),
  Devices: list(device),
  DeviceCgroupRules: texts,
  BlkioDeviceReadBps: list(rate),
  BlkioDeviceWriteBps: list(rate),
  BlkioDeviceReadIOps: list(rate),
  BlkioDeviceWriteIOps: list(rate),
  ConsoleSize: z
    .array(z.number())
    .nullish()
    .transform((value) => value ?? [0, 0]),
  Annotations: map(z.string()),
  Links: texts,
  Runtime: text,
});
export type HostConfig = z.infer<typeof hostConfig>;
