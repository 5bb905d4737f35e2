import * as z from 'zod/mini';

/** A file or folder of the host's, by its full path. */
export const hostPath = z.string().check(
  z.maxLength(4095),
  z.startsWith('/', 'the full path is needed, from /'),
  z.refine((path) => !path.includes('\0'), 'a path has no zero bytes'),
);

export const DISK_FORMATS = ['raw', 'qcow2'] as const;
export const BOOT_DEVICES = ['disk', 'cdrom', 'network'] as const;

/** Room a machine's PCI bus has for each kind of device. */
const DISKS_MAX = 16;
const NETWORKS_MAX = 8;
const SHARES_MAX = 8;
const FORWARDS_MAX = 256;

const BACKING_FILES_MAX = 32;
const backingFile = z.strictObject({ path: hostPath, format: z.enum(DISK_FORMATS) });

/** A disk image the guest sees as a virtio-blk disk; boot order and names in the guest follow the list's order. */
export const disk = z.strictObject({
  path: hostPath,
  /** Raw without it: the file's first bytes are the guest's to write, so they decide nothing at start. */
  format: z.optional(z.enum(DISK_FORMATS)),
  readOnly: z.optional(z.boolean()),
  /** What a person has accepted that it is based on, in order: it does not start on anything else. */
  backing: z.optional(z.array(backingFile).check(z.maxLength(BACKING_FILES_MAX))),
  /** virtio 1.2 §5.2.6: VIRTIO_BLK_T_GET_ID answers at most 20 bytes. */
  serial: z.optional(z.string().check(z.regex(/^[\x21-\x7e]{1,20}$/, '1 to 20 printable ASCII characters'))),
});
export type Disk = z.infer<typeof disk>;

const mac = z
  .string()
  .check(
    z.regex(/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/, 'a unicast MAC address in small letters, as 52:54:00:12:34:56'),
  );

/** IFNAMSIZ is 16 with the terminating zero (linux/if.h); the kernel refuses `/` and blanks (dev_valid_name). */
const interfaceName = z.string().check(z.regex(/^(?!\.{1,2}$)[^\s/:]{1,15}$/, 'is no network interface’s name'));

const port = z.int().check(z.minimum(1), z.maximum(65535));

/** A port of the host's that leads to one of the guest's. */
export const forward = z.strictObject({
  protocol: z.enum(['tcp', 'udp']),
  /** IPv4 or IPv6; without it, the loopback address: only this computer reaches the port. */
  hostAddress: z.optional(z.string().check(z.regex(/^[0-9a-fA-F.:]{2,45}$/, 'is no IP address'))),
  hostPort: port,
  guestPort: port,
});
export type Forward = z.infer<typeof forward>;

export const network = z.discriminatedUnion('kind', [
  /** Through passt: outgoing connections as the user's, incoming ones through forwards. */
  z.strictObject({
    kind: z.literal('user'),
    mac,
    forwards: z._default(z.array(forward).check(z.maxLength(FORWARDS_MAX)), []),
  }),
  z.strictObject({ kind: z.literal('tap'), device: interfaceName, mac }),
  z.strictObject({ kind: z.literal('bridge'), bridge: interfaceName, mac }),
]);
export type Network = z.infer<typeof network>;
/** A network whose card has no address yet, or an old one. */
export type NetworkDraft = WithoutMac<z.input<typeof network>> & { readonly mac?: string | undefined };
type WithoutMac<N> = N extends unknown ? Omit<N, 'mac'> : never;

/** A folder of the host's that the guest mounts by its tag. */
export const share = z.strictObject({
  folder: hostPath,
  tag: z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,30}$/, 'letters, digits, dots, dashes and underscores')),
  readOnly: z.optional(z.boolean()),
});
export type Share = z.infer<typeof share>;

/** Says of a CD drive that nothing is in it; no path, since those begin with `/`. */
export const EMPTY_DRIVE = 'empty';
const cdrom = z.union([z.literal(EMPTY_DRIVE), hostPath]);
export type CdromSetting = z.infer<typeof cdrom>;

/** The path of the ISO image in a CD drive; undefined where it is empty. */
export function mediumOf(setting: CdromSetting): string | undefined {
  return setting === EMPTY_DRIVE ? undefined : setting;
}

const CONSOLE_PORTS_MAX = 8;
/** What the console among a virtio console's ports is called. */
export const CONSOLE_PORT = 'hvc0';
/** So short that a socket's path has room for it. */
const portName = z.string().check(
  z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,19}$/, '1 to 20 letters, digits, dots, dashes and underscores'),
  z.refine((name) => name !== CONSOLE_PORT, `${CONSOLE_PORT} is the console itself`),
);
const uniqueNames = z.refine<readonly string[]>(
  (names) => new Set(names).size === names.length,
  'the names of console ports must differ',
);

/** The names of all ports of a machine's virtio console, the console's first; none where it has no such device. */
export function consolePortNames(ports: readonly string[] | undefined): string[] {
  return ports === undefined ? [] : [CONSOLE_PORT, ...ports];
}

/** 0, 1 and the largest are reserved, 2 is the host (virtio 1.2 §5.10.4). */
export const CID = { min: 3, max: 0xffff_fffe } as const;

const seedText = z.string().check(z.maxLength(256 * 1024));

/** What cloud-init in the guest finds on its NoCloud seed. */
export const cloudInit = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('form'),
    hostname: z.optional(
      z.string().check(z.regex(/^[A-Za-z0-9]([A-Za-z0-9.-]{0,61}[A-Za-z0-9])?$/, 'is no host name')),
    ),
    user: z.optional(z.string().check(z.regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'is no user name'))),
    /** As crypt(5) writes it: the password itself is never stored. */
    passwordHash: z.optional(z.string().check(z.regex(/^\$[\x21-\x39\x3b-\x7e]{1,255}$/, 'is no crypt(5) hash'))),
    sshKeys: z._default(z.array(z.string().check(z.regex(/^[^\r\n]{1,16384}$/, 'a key is one line'))), []),
  }),
  z.strictObject({ kind: z.literal('raw'), userData: seedText, metaData: z.optional(seedText) }),
]);
export type CloudInit = z.infer<typeof cloudInit>;

const unique = (what: string, key: string) =>
  z.refine<readonly Readonly<Record<string, unknown>>[]>(
    (list) => new Set(list.map((entry) => entry[key])).size === list.length,
    `${what} must differ`,
  );

/** The devices a machine can do without, each list empty by default. */
export const hardware = {
  disks: z._default(z.array(disk).check(z.maxLength(DISKS_MAX), unique('the files of disks', 'path')), []),
  /** An ISO image in the CD drive, or an empty one; without it there is no drive. */
  cdrom: z.optional(cdrom),
  networks: z._default(z.array(network).check(z.maxLength(NETWORKS_MAX), unique('MAC addresses', 'mac')), []),
  shares: z._default(z.array(share).check(z.maxLength(SHARES_MAX), unique('the tags of shares', 'tag')), []),
  cloudInit: z.optional(cloudInit),
  /** A virtio console, hvc0 in a Linux guest, with these ports besides; without it there is none. */
  consolePorts: z.optional(z.array(portName).check(z.maxLength(CONSOLE_PORTS_MAX), uniqueNames)),
  /** The guest's address for sockets between it and the host; without it there are none. virtio 1.2 §5.10.4. */
  vsock: z.optional(z.int().check(z.minimum(CID.min), z.maximum(CID.max))),
  /** Whether the guest's memory can be changed while it runs; without it, where other devices have a thread to serve it. */
  balloon: z.optional(z.boolean()),
};
