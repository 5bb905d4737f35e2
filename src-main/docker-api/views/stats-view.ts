import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { ContainerStats } from '../../containers/cgroups/stats.ts';

/** All CPU time of the host since it started, nanoseconds: the first line of proc(5) /proc/stat, in USER_HZ of 100. */
export function hostCpuNs(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const ticks = line.split(/\s+/).slice(1, 8).map(Number);
  return ticks.reduce((sum, tick) => sum + tick, 0) * 1e7;
}

/** proc(5) /proc/pid/net/dev: by interface, without loopback. */
export function networkCounters(pid: number): Record<string, Record<string, number>> {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/net/dev`, 'utf8');
  } catch {
    return {};
  }
  const lines = text.split('\n').slice(2);
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [name = '', rest = ''] = line.trim().split(/:\s*/);
      const n = rest.split(/\s+/).map(Number);
      if (name === '' || name === 'lo') return [];
      return [
        [
          name,
          {
            rx_bytes: n[0],
            rx_packets: n[1],
            rx_errors: n[2],
            rx_dropped: n[3],
            tx_bytes: n[8],
            tx_packets: n[9],
            tx_errors: n[10],
            tx_dropped: n[11],
          },
        ],
      ];
    }),
  ) as Record<string, Record<string, number>>;
}

export interface StatsReading {
  readonly at: Date;
  readonly stats: ContainerStats | undefined;
  readonly hostCpuNs: number;
  readonly networks: Record<string, Record<string, number>>;
}

const NEVER = '0001-01-01T00:00:00Z';
/** Above this a limit is none: the kernel rounds its greatest number to pages. */
const NO_LIMIT = 2 ** 62;

/** Docker API 1.47 ContainerStats: one reading and the one before it, from whose difference clients make percentages. */
export function statsView(id: string, name: string, now: StatsReading, before: StatsReading | undefined) {
  return {
    name: `/${name}`,
    id,
    read: now.at.toISOString(),
    preread: before?.at.toISOString() ?? NEVER,
    pids_stats: pidsView(now.stats),
    blkio_stats: ioView(now.stats),
    num_procs: 0,
    storage_stats: {},
    cpu_stats: cpuView(now),
    precpu_stats: before === undefined ? emptyCpu : cpuView(before),
    memory_stats: memoryView(now.stats),
    ...(Object.keys(now.networks).length === 0 ? {} : { networks: now.networks }),
  };
}

const emptyCpu = {
  cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
};

function cpuView({ stats, hostCpuNs: system }: StatsReading) {
  if (stats === undefined) return emptyCpu;
  const { cpu } = stats;
  return {
    cpu_usage: {
      total_usage: cpu.total,
      usage_in_kernelmode: cpu.system,
      usage_in_usermode: cpu.user,
      ...(cpu.perCpu === null ? {} : { percpu_usage: cpu.perCpu }),
    },
    system_cpu_usage: system,
    online_cpus: os.cpus().length,
    throttling_data: {
      periods: cpu.periods,
      throttled_periods: cpu.throttledPeriods,
      throttled_time: cpu.throttledTime,
    },
  };
}

function memoryView(stats: ContainerStats | undefined) {
  if (stats === undefined) return {};
  const { memory } = stats;
  const limit =
    memory.limit === null || memory.limit > NO_LIMIT ? os.totalmem() : Math.min(memory.limit, os.totalmem());
  return {
    usage: memory.usage,
    ...(memory.maxUsage === null ? {} : { max_usage: memory.maxUsage }),
    stats: memory.stat,
    failcnt: memory.failures,
    limit,
  };
}

function pidsView(stats: ContainerStats | undefined) {
  if (stats === undefined) return {};
  return { current: stats.pids.current, ...(stats.pids.limit === null ? {} : { limit: stats.pids.limit }) };
}

function ioView(stats: ContainerStats | undefined) {
  const rows = (stats?.io ?? []).flatMap(({ major, minor, readBytes, writeBytes }) => [
    { major, minor, op: 'read', value: readBytes },
    { major, minor, op: 'write', value: writeBytes },
  ]);
  return { io_service_bytes_recursive: rows.length === 0 ? null : rows };
}
