import type {
  ContainerDraft,
  ContainerPort,
  ContainerSample,
  ContainerState,
  ContainerSummary,
} from '../contract/container.ts';
import { type PortBindings, portBindingsOf, portSpecsOf } from '../docker-api/client/port-specs.ts';

/** Docker API 1.47 ContainerSummary, as far as it is shown. */
export interface EngineSummary {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly Image: string;
  readonly Command: string;
  readonly State: string;
  readonly Status: string;
  readonly Ports: readonly { IP?: string; PublicPort?: number; PrivatePort: number; Type: string }[];
}

/** Docker API 1.47 ContainerInspectResponse, as far as it is asked for again. */
export interface EngineContainer {
  readonly Name: string;
  readonly Config: {
    readonly Image: string;
    readonly Cmd: string[] | null;
    readonly Env: string[] | null;
    readonly Tty: boolean;
  };
  readonly HostConfig: {
    readonly Binds: string[] | null;
    readonly PortBindings: PortBindings;
    readonly RestartPolicy: { readonly Name: string };
  };
}

interface CpuStats {
  readonly cpu_usage: { readonly total_usage: number };
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
}

/** Docker API 1.47 ContainerStats. */
export interface EngineStats {
  readonly read: string;
  readonly cpu_stats: CpuStats;
  readonly precpu_stats: CpuStats;
  readonly memory_stats: { readonly usage?: number; readonly limit?: number };
  readonly pids_stats: { readonly current?: number };
  readonly networks?: Readonly<Record<string, { rx_bytes: number; tx_bytes: number }>>;
}

export function summaryOf(summary: EngineSummary): ContainerSummary {
  return {
    id: summary.Id,
    name: (summary.Names[0] ?? '').slice(1),
    image: summary.Image.replace(/^sha256:(.{12}).*$/, '$1'),
    command: summary.Command,
    state: summary.State as ContainerState,
    status: summary.Status,
    ports: portsOf(summary),
  };
}

/** Each once: the engine lists a port that is published over IPv4 and IPv6 twice. */
function portsOf({ Ports }: EngineSummary): ContainerPort[] {
  const ports = Ports.map(({ PublicPort, PrivatePort, Type }): ContainerPort => {
    if (PublicPort === undefined) return { text: `${PrivatePort}/${Type}` };
    const text = `${PublicPort}→${PrivatePort}/${Type}`;
    return Type === 'tcp' ? { text, tcpPort: PublicPort } : { text };
  });
  return [...new Map(ports.map((port) => [port.text, port])).values()];
}

/** undefined for a reading that has no other before it, or of a container that does not run. */
export function sampleOf(stats: EngineStats): ContainerSample | undefined {
  const system = (stats.cpu_stats.system_cpu_usage ?? 0) - (stats.precpu_stats.system_cpu_usage ?? 0);
  const own = stats.cpu_stats.cpu_usage.total_usage - stats.precpu_stats.cpu_usage.total_usage;
  if (stats.precpu_stats.system_cpu_usage === undefined || stats.memory_stats.usage === undefined || own < 0)
    return undefined;
  const networks = Object.values(stats.networks ?? {});
  return {
    atMs: Date.parse(stats.read),
    cpuPercent: system > 0 ? (own / system) * (stats.cpu_stats.online_cpus ?? 1) * 100 : 0,
    memoryBytes: stats.memory_stats.usage,
    memoryLimitBytes: stats.memory_stats.limit ?? 0,
    receivedBytes: networks.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    sentBytes: networks.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
    processes: stats.pids_stats.current ?? 0,
  };
}

/** Docker API 1.47 ContainerCreate. */
export function createBodyOf(draft: ContainerDraft) {
  const bindings = portBindingsOf(draft.ports);
  return {
    Image: draft.image,
    ...(draft.command.length > 0 ? { Cmd: draft.command } : {}),
    Env: draft.env,
    Tty: draft.terminal,
    OpenStdin: draft.terminal,
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])),
    HostConfig: {
      Binds: draft.volumes,
      PortBindings: bindings,
      RestartPolicy: { Name: draft.restart },
    },
  };
}

/** What would make the same container again. */
export function draftOf({ Name, Config, HostConfig }: EngineContainer): ContainerDraft {
  return {
    image: Config.Image,
    name: Name.slice(1),
    command: Config.Cmd ?? [],
    env: Config.Env ?? [],
    volumes: HostConfig.Binds ?? [],
    ports: portSpecsOf(HostConfig.PortBindings),
    terminal: Config.Tty,
    restart: (HostConfig.RestartPolicy.Name || 'no') as ContainerDraft['restart'],
  };
}
