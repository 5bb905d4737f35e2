import { z } from 'zod';

export const hostPath = z.string().min(1).max(4096).startsWith('/', 'give the full path, from /');

export const diskFormat = z.enum(['raw', 'qcow2']);
export const bootDevice = z.enum(['disk', 'cdrom', 'network']);

/** A file that an image is based on. */
export const backingFile = z.strictObject({ path: hostPath, format: diskFormat });

export const disk = z.strictObject({
  path: hostPath,
  format: diskFormat.optional(),
  readOnly: z.boolean().optional(),
  /** What it was accepted with. */
  backing: z.array(backingFile).max(32).optional(),
  serial: z
    .string()
    .regex(/^[\x21-\x7e]{1,20}$/, '1 to 20 printable ASCII characters')
    .optional(),
});
export type Disk = z.infer<typeof disk>;

/** A disk to be made in the machine's folder. */
export const newDisk = z.strictObject({
  newSizeMiB: z
    .int()
    .min(1)
    .max(64 * 1024 * 1024),
  format: diskFormat,
});
export type NewDisk = z.infer<typeof newDisk>;
export type WantedDisk = Disk | NewDisk;

/** What a file offered as a disk is. */
export const diskFacts = z.object({
  format: diskFormat,
  sizeBytes: z.number(),
  usedBytes: z.number(),
  /** The files it is based on, whose contents the guest would see. */
  backing: z.array(backingFile),
});
export type DiskFacts = z.infer<typeof diskFacts>;

const mac = z.string().regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/, 'a MAC address, as 52:54:00:12:34:56');
const interfaceName = z.string().regex(/^(?!\.{1,2}$)[^\s/:]{1,15}$/, 'is no network interface’s name');
const port = z.int().min(1).max(65535);

export const forward = z.strictObject({
  protocol: z.enum(['tcp', 'udp']),
  hostAddress: z
    .string()
    .regex(/^[0-9a-fA-F.:]{2,45}$/, 'is no IP address')
    .optional(),
  hostPort: port,
  guestPort: port,
});
export type Forward = z.infer<typeof forward>;

const forwards = z.array(forward).max(256);

/** Without an address, a card keeps that of the one it replaces, or gets a new one. */
export const network = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('user'), mac: mac.optional(), forwards }),
  z.strictObject({ kind: z.literal('tap'), device: interfaceName, mac: mac.optional() }),
  z.strictObject({ kind: z.literal('bridge'), bridge: interfaceName, mac: mac.optional() }),
]);
export const wantedForwards = forwards;

/** A network card of a running machine. */
export const liveNetwork = z.object({
  kind: z.enum(['user', 'tap', 'bridge']),
  mac: z.string(),
  /** The guest's IPv4 address, once it is known. */
  address: z.string().optional(),
});
export type LiveNetwork = z.infer<typeof liveNetwork>;
export type Network = z.infer<typeof network>;

export const share = z.strictObject({
  folder: hostPath,
  tag: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/, 'letters, digits, dots, dashes and underscores'),
  readOnly: z.boolean().optional(),
});
export type Share = z.infer<typeof share>;

/** A port of a virtio console, beside the console itself. */
export const consolePortName = z
  .string()
  .regex(/^(?!hvc0$)[A-Za-z0-9][A-Za-z0-9._-]{0,19}$/, '1 to 20 letters, digits, dots, dashes and underscores');

/** Says of a CD drive that nothing is in it. */
export const emptyDrive = 'empty';
export const cdrom = z.union([z.literal(emptyDrive), hostPath]);
export type Cdrom = z.infer<typeof cdrom>;

const seedText = z.string().max(256 * 1024);

export const cloudInit = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('form'),
    hostname: z.string().max(63).optional(),
    user: z.string().max(32).optional(),
    passwordHash: z.string().max(256).optional(),
    /** Only on its way in: what is kept of it is its hash. */
    password: z.string().min(1).max(1024).optional(),
    sshKeys: z.array(z.string().max(16384)),
  }),
  z.strictObject({ kind: z.literal('raw'), userData: seedText, metaData: seedText.optional() }),
]);
export type CloudInit = z.infer<typeof cloudInit>;

/** Devices a machine can do without; a list left out is empty. */
export const hardware = {
  disks: z
    .array(z.union([disk, newDisk]))
    .max(16)
    .optional(),
  cdrom: cdrom.optional(),
  networks: z.array(network).max(8).optional(),
  shares: z.array(share).max(8).optional(),
  cloudInit: cloudInit.optional(),
  consolePorts: z.array(consolePortName).max(8).optional(),
  /** The guest's address for sockets between it and the host. */
  vsock: z.int().min(3).max(0xffff_fffe).optional(),
  balloon: z.boolean().optional(),
};
