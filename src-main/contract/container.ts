import { z } from 'zod';

/** By the engine: 64 hexadecimal digits. */
export const containerId = z.string().regex(/^[0-9a-f]{64}$/);

export const containerState = z.enum(['created', 'running', 'paused', 'restarting', 'exited']);
export type ContainerState = z.infer<typeof containerState>;

/** A port of a container's: `80/tcp`, or published as `8080→80/tcp`. */
export const containerPort = z.object({
  text: z.string(),
  /** This computer's, where it is published over TCP: what a browser can be sent to. */
  tcpPort: z.int().optional(),
});
export type ContainerPort = z.infer<typeof containerPort>;

/** One container as lists show it. */
export const containerSummary = z.object({
  id: z.string(),
  name: z.string(),
  image: z.string(),
  command: z.string(),
  state: containerState,
  /** In words: `Up 3 minutes (healthy)`. */
  status: z.string(),
  ports: z.array(containerPort),
});
export type ContainerSummary = z.infer<typeof containerSummary>;

/** The list as it is, then what changes in it. */
export const containerListItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('snapshot'), containers: z.array(containerSummary) }),
  z.object({ kind: z.literal('changed'), container: containerSummary }),
  z.object({ kind: z.literal('removed'), id: z.string() }),
]);
export type ContainerListItem = z.infer<typeof containerListItem>;

const line = z.string().max(4096);

/** What a person decides about a new container. */
export const containerDraft = z.strictObject({
  image: line.min(1, 'an image is needed'),
  name: line,
  /** Words as a shell splits them; empty runs what the image says. */
  command: z.array(line).max(256),
  /** `NAME=value` */
  env: z.array(line).max(256),
  /** `/folder:/target:ro` or `volume:/target` */
  volumes: z.array(line).max(64),
  /** `8080:80` */
  ports: z.array(line).max(64),
  terminal: z.boolean(),
  restart: z.enum(['no', 'always', 'unless-stopped', 'on-failure']),
});
export type ContainerDraft = z.infer<typeof containerDraft>;

/** Everything about a container: as the engine says it, and as it would be asked for again. */
export const containerDetail = z.object({ inspect: z.string(), draft: containerDraft });
export type ContainerDetail = z.infer<typeof containerDetail>;

/** A path of a container's, from its root. */
export const containerFilePath = z.string().regex(/^\//).max(4096);

/** One file of a container's, as the list of its folder shows it. */
export const containerFile = z.object({
  name: z.string(),
  kind: z.enum(['folder', 'file', 'link', 'other']),
  bytes: z.number(),
  /** Permissions: the last twelve bits of inode(7)'s mode. */
  mode: z.number(),
  changedAt: z.string(),
  /** What it says, of a link. */
  target: z.string(),
  /** A folder, or a link to one. */
  leadsIn: z.boolean(),
});
export type ContainerFile = z.infer<typeof containerFile>;

/** What is in a folder; `truncated` when that is more than anybody would read. */
export const containerFolder = z.object({ files: z.array(containerFile), truncated: z.boolean() });
export type ContainerFolder = z.infer<typeof containerFolder>;

/** One reading; `atMs` is when, since 1970. */
export const containerSample = z.object({
  atMs: z.number(),
  /** Of one CPU: 100 is one fully busy. */
  cpuPercent: z.number(),
  memoryBytes: z.number(),
  memoryLimitBytes: z.number(),
  receivedBytes: z.number(),
  sentBytes: z.number(),
  processes: z.number(),
});
export type ContainerSample = z.infer<typeof containerSample>;

/** One image as lists show it. */
export const imageSummary = z.object({
  id: z.string(),
  names: z.array(z.string()),
  createdAt: z.string(),
  bytes: z.number(),
  containers: z.number(),
});
export type ImageSummary = z.infer<typeof imageSummary>;

/** One step by which an image came to be, newest first. */
export const imageStep = z.object({ createdBy: z.string(), bytes: z.number(), createdAt: z.string() });
export type ImageStep = z.infer<typeof imageStep>;

/** One line of a pull: of a layer, by its short digest, or of the whole. */
export const pullStep = z.object({
  id: z.string().optional(),
  status: z.string(),
  current: z.number().optional(),
  total: z.number().optional(),
});
export type PullStep = z.infer<typeof pullStep>;

export const volumeSummary = z.object({
  name: z.string(),
  folder: z.string(),
  createdAt: z.string(),
  anonymous: z.boolean(),
  /** Names of the containers that mount it. */
  users: z.array(z.string()),
});
export type VolumeSummary = z.infer<typeof volumeSummary>;

export const networkMember = z.object({
  id: z.string(),
  name: z.string(),
  /** Empty while it does not run. */
  address: z.string(),
});
export type NetworkMember = z.infer<typeof networkMember>;

export const networkSummary = z.object({
  id: z.string(),
  name: z.string(),
  driver: z.string(),
  /** Empty of a network without addresses of its own. */
  subnet: z.string(),
  gateway: z.string(),
  internal: z.boolean(),
  /** There for everybody: cannot be removed. */
  builtIn: z.boolean(),
  members: z.array(networkMember),
});
export type NetworkSummary = z.infer<typeof networkSummary>;

export const networkDraft = z.strictObject({ name: line.min(1), subnet: line, internal: z.boolean() });

/** A container in a network, or to be. */
export const networkPlace = z.strictObject({ network: line.min(1), container: line.min(1) });

const byteArray = z.custom<Uint8Array>((value) => value instanceof Uint8Array, 'not bytes');

export const terminalItem = z.object({ kind: z.literal('bytes'), bytes: byteArray });
export const terminalMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('input'), bytes: byteArray.refine((bytes) => bytes.length <= 1 << 20) }),
  z.strictObject({
    kind: z.literal('drawn'),
    bytes: z
      .int()
      .min(0)
      .max(1 << 30),
  }),
  z.strictObject({ kind: z.literal('resize'), columns: z.int().min(1).max(4096), rows: z.int().min(1).max(4096) }),
]);
export type TerminalMessage = z.infer<typeof terminalMessage>;
export type TerminalItem = z.infer<typeof terminalItem>;
