import { readFileSync } from 'node:fs';
import os from 'node:os';
import type { ContainerStats, IoStats } from './stats.ts';

/** USER_HZ, in which proc(5) counts CPU time: 100 a second on every Linux there is. */
const TICK_NS = 1e7;
/** proc_pid_stat(5): places behind the program's name, which may hold anything; fields 14 to 17 and 20. */
const USER = 11;
const SYSTEM = 12;
const WAITED_USER = 13;
const WAITED_SYSTEM = 14;
const THREADS = 17;

/** What processes use, by /proc: for what no cgroup counts. Of those that have ended it knows what somebody waited for. */
export interface ProcessSums {
  /** Nanoseconds. */
  readonly user: number;
  readonly system: number;
  /** Resident, bytes. A page that two share counts twice. */
  readonly memory: number;
  readonly threads: number;
  readonly readBytes: number;
  readonly writeBytes: number;
}

export function processSums(pids: readonly number[]): ProcessSums {
  const sums = { user: 0, system: 0, memory: 0, threads: 0, readBytes: 0, writeBytes: 0 };
  for (const pid of pids) {
    const stat = readProc(pid, 'stat');
    const fields = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = (...places: number[]): number => places.reduce((sum, place) => sum + (fields[place] ?? 0), 0);
    sums.user += ticks(USER, WAITED_USER) * TICK_NS;
    sums.system += ticks(SYSTEM, WAITED_SYSTEM) * TICK_NS;
    sums.threads += fields[THREADS] ?? 0;
    sums.memory += numberIn(readProc(pid, 'status'), 'VmRSS') * 1024;
    const io = readProc(pid, 'io');
    sums.readBytes += numberIn(io, 'read_bytes');
    sums.writeBytes += numberIn(io, 'write_bytes');
  }
  return sums;
}

/** The figures of a container that has no cgroup. */
export function statsOfProcesses(pids: readonly number[]): ContainerStats {
  const { user, system, memory, threads, ...io } = processSums(pids);
  return {
    cpu: { total: user + system, user, system, perCpu: null, periods: 0, throttledPeriods: 0, throttledTime: 0 },
    memory: {
      usage: memory,
      maxUsage: null,
      limit: os.totalmem(),
      swapUsage: null,
      failures: 0,
      oomKills: 0,
      stat: {},
    },
    pids: { current: threads, limit: null },
    io: ioOf(io),
    pressure: { cpu: null, memory: null, io: null },
  };
}

/** Of all devices together: /proc does not tell them apart. */
export function ioOf({ readBytes, writeBytes }: Pick<ProcessSums, 'readBytes' | 'writeBytes'>): IoStats[] {
  return [{ major: 0, minor: 0, readBytes, writeBytes, readOperations: 0, writeOperations: 0 }];
}

function numberIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

/** Empty for a process that has ended, and for a file that is not ours to read. */
function readProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}
