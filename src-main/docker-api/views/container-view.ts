import type { Container } from '../../containers/lifecycle/container.ts';
import type { EndpointRequest } from '../../containers/lifecycle/container-record.ts';
import type { Endpoint } from '../../containers/lifecycle/ports.ts';
import { processArguments } from '../../containers/lifecycle/spec/process-arguments.ts';
import { since } from './spoken-time.ts';

const NEVER = '0001-01-01T00:00:00Z';

/** Docker API 1.47 ContainerInspectResponse. */
export function inspectView(container: Container) {
  const { record, folder } = container;
  const { config, hostConfig, state } = record;
  const [path = '', ...args] = processArguments(config);
  const { Healthcheck, StopTimeout, ...restOfConfig } = config;
  return {
    Id: record.id,
    Created: record.createdAt,
    Path: path,
    Args: args,
    State: stateView(container),
    Image: record.imageId,
    ResolvConfPath: `${folder.folder}/etc/resolv.conf`,
    HostnamePath: `${folder.folder}/etc/hostname`,
    HostsPath: `${folder.folder}/etc/hosts`,
    LogPath: hostConfig.LogConfig.Type === 'none' ? '' : folder.log,
    Name: `/${record.name}`,
    RestartCount: state.restarts,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: container.execIds.size === 0 ? null : [...container.execIds],
    HostConfig: hostConfig,
    GraphDriver: { Name: 'overlay2', Data: null },
    Mounts: mountViews(container),
    Config: {
      ...restOfConfig,
      ...(Healthcheck === undefined ? {} : { Healthcheck }),
      ...(StopTimeout === undefined ? {} : { StopTimeout }),
    },
    NetworkSettings: networkView(container),
  };
}

export function stateView(container: Container) {
  const { state } = container.record;
  const { status } = state;
  const health = healthView(container);
  return {
    Status: status,
    Running: status === 'running' || status === 'paused' || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: false,
    Pid: container.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt || NEVER,
    FinishedAt: state.finishedAt || NEVER,
    ...(health === undefined ? {} : { Health: health }),
  };
}

function healthView({ health, record }: Container) {
  if (health === undefined) {
    const checked = record.config.Healthcheck?.Test?.[0];
    return checked === undefined || checked === 'NONE' ? undefined : { Status: 'starting', FailingStreak: 0, Log: [] };
  }
  return {
    Status: health.status,
    FailingStreak: health.failingStreak,
    Log: health.probes.map(({ start, end, exitCode, output }) => ({
      Start: start,
      End: end,
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

export function mountViews({ record }: Container) {
  return record.mounts.map((mount) => ({
    Type: mount.type,
    ...(mount.type === 'volume' ? { Name: mount.name } : {}),
    Source: mount.source,
    Destination: mount.destination,
    ...(mount.type === 'volume' ? { Driver: 'local' } : {}),
    Mode: mount.mode,
    RW: mount.writable,
    Propagation: mount.propagation,
  }));
}

function networkView(container: Container) {
  const { joined, record } = container;
  const endpoints = endpointViews(container);
  const first = endpoints[networkName(record.hostConfig.NetworkMode)] ?? Object.values(endpoints)[0];
  return {
    Bridge: '',
    SandboxID: joined.namespace === undefined ? '' : record.id,
    SandboxKey: joined.namespace === undefined || joined.namespace === 'host' ? '' : joined.namespace,
    Ports: portMap(container),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: first?.EndpointID ?? '',
    Gateway: first?.Gateway ?? '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    IPAddress: first?.IPAddress ?? '',
    IPPrefixLen: first?.IPPrefixLen ?? 0,
    IPv6Gateway: '',
    MacAddress: first?.MacAddress ?? '',
    Networks: endpoints,
  };
}

export function networkName(mode: string): string {
  return mode === 'default' ? 'bridge' : mode;
}

export function endpointViews({ joined, record }: Container): Record<string, ReturnType<typeof endpointView>> {
  const names = new Set([...Object.keys(joined.endpoints), ...Object.keys(record.networks)]);
  if (names.size === 0 && !record.hostConfig.NetworkMode.startsWith('container:')) {
    names.add(networkName(record.hostConfig.NetworkMode));
  }
  return Object.fromEntries(
    [...names].map((name) => [name, endpointView(record.name, joined.endpoints[name], record.networks[name])]),
  );
}

function endpointView(name: string, endpoint: Endpoint | undefined, asked: EndpointRequest | undefined) {
  return {
    IPAMConfig: asked?.ipv4 === undefined ? null : { IPv4Address: asked.ipv4 },
    Links: null,
    Aliases: endpoint?.aliases ?? asked?.aliases ?? null,
    MacAddress: endpoint?.mac ?? '',
    DriverOpts: null,
    NetworkID: endpoint?.networkId ?? '',
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.address ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: endpoint === undefined ? null : [name, ...endpoint.aliases],
  };
}

type PortMap = Record<string, readonly { HostIp: string; HostPort: string }[] | null>;

function portMap({ joined, record, live }: Container): PortMap {
  if (!live) return {};
  const exposed = Object.keys(record.config.ExposedPorts).map((port) => [port, null] as const);
  return { ...Object.fromEntries(exposed), ...joined.ports };
}

/** One line of `docker ps`. Docker API 1.47 ContainerSummary. */
export function summaryView(container: Container, imageName: string, size?: { sizeRw: number; sizeRootFs: number }) {
  const { record, status } = container;
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: imageName,
    ImageID: record.imageId,
    Command: spokenCommand(processArguments(record.config)),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: portList(container),
    ...(size === undefined ? {} : { SizeRw: size.sizeRw, SizeRootFs: size.sizeRootFs }),
    Labels: record.config.Labels,
    State: status,
    Status: spokenStatus(container, Date.now()),
    HostConfig: { NetworkMode: record.hostConfig.NetworkMode },
    NetworkSettings: { Networks: endpointViews(container) },
    Mounts: mountViews(container),
  };
}

function spokenCommand(args: readonly string[]): string {
  return args.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`)).join(' ');
}

function portList({ joined, record, live }: Container) {
  if (!live) return [];
  const published = Object.entries(joined.ports).flatMap(([port, bindings]) =>
    bindings.map(({ HostIp, HostPort }) => ({ IP: HostIp, ...split(port), PublicPort: Number(HostPort) })),
  );
  const hidden = Object.keys(record.config.ExposedPorts).filter((port) => joined.ports[port] === undefined);
  return [...published, ...hidden.map(split)];
}

function split(port: string): { PrivatePort: number; Type: string } {
  const [number = '', type = 'tcp'] = port.split('/');
  return { PrivatePort: Number(number), Type: type };
}

/** `Up 3 minutes (healthy)`, `Exited (0) 2 hours ago`. */
export function spokenStatus(container: Container, nowMs: number): string {
  const { state } = container.record;
  if (state.status === 'created') return 'Created';
  if (state.status === 'exited') return `Exited (${state.exitCode}) ${since(state.finishedAt, nowMs)} ago`;
  if (state.status === 'restarting') return `Restarting (${state.exitCode}) ${since(state.finishedAt, nowMs)} ago`;
  const up = `Up ${since(state.startedAt, nowMs)}`;
  if (state.status === 'paused') return `${up} (Paused)`;
  const health = healthView(container)?.Status;
  if (health === undefined) return up;
  return `${up} (${health === 'starting' ? 'health: starting' : health})`;
}
