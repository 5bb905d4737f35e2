import { INIT_ANNOTATION } from '../../runtime/init/small-init.ts';
import type { NamespaceType, Seccomp } from '../../runtime/spec/linux.ts';
import type { ContainerConfig, HostConfig } from '../container-config.ts';
import type { MountPoint } from '../mount-points.ts';
import { containerCapabilities } from './capabilities.ts';
import { MASKED_PATHS, READONLY_PATHS } from './default-paths.ts';
import { ALL_DEVICES, DEFAULT_DEVICE_RULES, type DeviceRule } from './device-rules.ts';
import { processArguments, processEnvironment } from './process-arguments.ts';
import { specResources } from './resources.ts';
import { parseSecurityOptions } from './security-options.ts';
import { type SpecMount, standardMounts } from './standard-mounts.ts';
import type { ProcessUser } from './user.ts';

/** What is known about a container at the moment it starts. */
export interface SpecFacts {
  readonly id: string;
  readonly rootfs: string;
  readonly hostname: string;
  readonly user: ProcessUser;
  readonly mounts: readonly MountPoint[];
  /** Files of ours over the container's own: /etc/hosts, /etc/hostname, /etc/resolv.conf. */
  readonly etcFiles: Readonly<Record<string, string>>;
  /** The cgroup the container gets, OCI runtime 1.2 config-linux cgroupsPath. */
  readonly cgroupsPath: string;
  /** `--init`: where our init's program is on the host. */
  readonly initProgram?: string;
  /** Path of a network namespace to join; undefined makes a new one, `host` stays in ours. */
  readonly network: string | 'host' | undefined;
  /** pid of a container's init whose namespace is shared, for `--pid container:`. */
  readonly joined: { readonly pid?: string; readonly ipc?: string };
  readonly seccomp: Seccomp;
  /** Devices of the host a privileged container gets, and those asked for with --device. */
  readonly devices: readonly SpecDevice[];
  readonly rootless: boolean;
}

/** Where Docker has it too. */
const INIT_PATH = '/sbin/docker-init';

export interface SpecDevice {
  /** In the container. */
  readonly path: string;
  /** On the host. */
  readonly source: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
  readonly access: string;
}

/** The OCI runtime 1.2 config.json of a container as Docker's clients describe it. Pure: what it needs to know it is told. */
export function makeSpec(config: ContainerConfig, host: HostConfig, facts: SpecFacts) {
  const security = parseSecurityOptions(host.SecurityOpt ?? []);
  const masked = security.maskPaths && !host.Privileged;
  const seccomp = host.Privileged || security.seccomp === 'unconfined' ? undefined : facts.seccomp;
  const sysctls = { ...defaultSysctls(host, facts), ...host.Sysctls };
  return {
    ociVersion: '1.2.0',
    root: { path: facts.rootfs, readonly: host.ReadonlyRootfs },
    hostname: host.UTSMode === 'host' ? undefined : facts.hostname,
    ...(config.Domainname === '' || host.UTSMode === 'host' ? {} : { domainname: config.Domainname }),
    process: makeProcess(config, host, facts),
    mounts: makeMounts(host, facts),
    annotations: { ...host.Annotations, ...(facts.initProgram === undefined ? {} : { [INIT_ANNOTATION]: INIT_PATH }) },
    linux: {
      namespaces: makeNamespaces(host, facts),
      cgroupsPath: facts.cgroupsPath,
      resources: {
        ...specResources(host),
        devices: deviceRules(host, facts),
      },
      devices: facts.rootless ? [] : facts.devices.map(({ access: _access, source: _source, ...device }) => device),
      ...(Object.keys(sysctls).length === 0 ? {} : { sysctl: sysctls }),
      maskedPaths: masked ? [...(host.MaskedPaths ?? MASKED_PATHS)] : [],
      readonlyPaths: masked ? [...(host.ReadonlyPaths ?? READONLY_PATHS)] : [],
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  };
}

function makeProcess(config: ContainerConfig, host: HostConfig, { user, hostname }: SpecFacts) {
  const [height = 0, width = 0] = host.ConsoleSize;
  const { noNewPrivileges } = parseSecurityOptions(host.SecurityOpt ?? []);
  return {
    terminal: config.Tty,
    ...(config.Tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids], umask: 0o022 },
    args: processArguments(config),
    env: processEnvironment(config, hostname, user.home),
    cwd: config.WorkingDir || '/',
    capabilities: processCapabilities(host, user.uid),
    noNewPrivileges,
    rlimits: host.Ulimits.map(({ Name, Soft, Hard }) => ({
      type: `RLIMIT_${Name.toUpperCase()}`,
      soft: Soft,
      hard: Hard,
    })),
    oomScoreAdj: host.OomScoreAdj,
  };
}

/** Root has its capabilities; anyone else may only get them back through a file that grants them (capabilities(7)). */
export function processCapabilities(host: HostConfig, uid: number) {
  const names = containerCapabilities(host.CapAdd ?? [], host.CapDrop ?? [], host.Privileged);
  const held = uid === 0 ? names : [];
  return { bounding: names, effective: held, permitted: held, inheritable: [], ambient: [] };
}

function makeNamespaces(host: HostConfig, { network, joined }: SpecFacts): { type: NamespaceType; path?: string }[] {
  const own = (type: NamespaceType, shared: boolean, path?: string) =>
    shared ? [] : [path === undefined ? { type } : { type, path }];
  return [
    { type: 'mount' },
    ...own('uts', host.UTSMode === 'host'),
    ...own('ipc', host.IpcMode === 'host', joined.ipc),
    ...own('pid', host.PidMode === 'host', joined.pid),
    ...own('network', network === 'host', network),
    ...own('cgroup', host.CgroupnsMode === 'host'),
  ];
}

function makeMounts(host: HostConfig, facts: SpecFacts): SpecMount[] {
  const standard = standardMounts({
    privileged: host.Privileged,
    shmBytes: host.ShmSize,
    hostIpc: host.IpcMode === 'host',
    cgroup: true,
  });
  const own = facts.mounts.map(mountOf);
  const taken = new Set(own.map(({ destination }) => destination));
  const files = Object.entries(facts.etcFiles).map(([destination, source]) => ({
    destination,
    type: 'bind',
    source,
    options: ['rbind', 'rprivate', host.ReadonlyRootfs ? 'ro' : 'rw'],
  }));
  const init =
    facts.initProgram === undefined
      ? []
      : [{ destination: INIT_PATH, type: 'bind', source: facts.initProgram, options: ['rbind', 'rprivate', 'ro'] }];
  const devices = facts.rootless ? facts.devices.map(boundDevice) : [];
  return [...standard, ...files, ...init].filter(({ destination }) => !taken.has(destination)).concat(own, devices);
}

/** In a user namespace nobody makes device nodes: the host's is bound. */
function boundDevice({ path, source }: SpecDevice): SpecMount {
  return { destination: path, type: 'bind', source, options: ['bind', 'rprivate', 'rw'] };
}

function mountOf(point: MountPoint): SpecMount {
  const access = point.writable ? 'rw' : 'ro';
  const { destination } = point;
  if (point.type === 'tmpfs') {
    const asked = [...point.options];
    const usual = ['noexec', 'nosuid', 'nodev'].filter((word) => !asked.includes(word.replace('no', '')));
    return { destination, type: 'tmpfs', source: 'tmpfs', options: [...usual, access, ...asked] };
  }
  const propagation = point.propagation || 'rprivate';
  return { destination, type: 'bind', source: point.source, options: ['rbind', propagation, access] };
}

function deviceRules(host: HostConfig, { devices }: SpecFacts): DeviceRule[] {
  if (host.Privileged) return [...ALL_DEVICES];
  const asked = devices.map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access }));
  return [...DEFAULT_DEVICE_RULES, ...asked, ...(host.DeviceCgroupRules ?? []).map(parseDeviceRule)];
}

/** `c 42:* rwm`, as the devices controller of cgroup v1 writes it. */
function parseDeviceRule(text: string): DeviceRule {
  const [, type = 'a', major = '*', minor = '*', access = 'rwm'] =
    /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  return {
    allow: true,
    type: type as 'a' | 'b' | 'c',
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access,
  };
}

/** Docker's documented defaults: ordinary users may ping and listen on low ports in a network of their own. */
function defaultSysctls(host: HostConfig, { network, rootless }: SpecFacts): Record<string, string> {
  if (network === 'host' || host.Privileged) return {};
  return {
    'net.ipv4.ip_unprivileged_port_start': '0',
    ...(rootless ? {} : { 'net.ipv4.ping_group_range': '0 2147483647' }),
  };
}
