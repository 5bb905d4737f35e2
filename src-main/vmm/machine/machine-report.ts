import { existsSync, readFileSync } from 'node:fs';
import { systemClock } from '../../base/clock.ts';
import { VCPU } from '../vcpu/vcpu-control.ts';
import type { Balloon } from './balloon.ts';
import type { Machine, MachineState } from './machine.ts';
import type { StartupTimes } from './startup-times.ts';

/** What the report needs to know of the world around the machine. */
export interface ReportSources {
  readonly machine: Machine;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly boot: string;
  readonly startedAt: Date;
  readonly kvmPresent: boolean;
  readonly times: StartupTimes;
  readonly consoleBytes: () => number;
  readonly consoleVisitors: () => number;
  /** Each network as it is now. */
  readonly networks: () => object[];
}

/** The machine's states as its visitors know them; `reason` tells what made a machine stand still. */
const visibleState = {
  running: 'running',
  paused: 'paused',
  stopping: 'stopping',
  'internal-error': 'paused',
  'guest-panicked': 'running',
  off: 'stopping',
} as const satisfies Record<MachineState, string>;

const vcpuStates = new Map<number, string>(Object.entries(VCPU).map(([name, value]) => [value, name]));

/** A running machine described for its visitors: the answers of `x-query-machine` and `x-query-stats`. */
export class MachineReport {
  private readonly startedMs = systemClock.monotonicMs();

  constructor(private readonly sources: ReportSources) {}

  get kvmPresent(): boolean {
    return this.sources.kvmPresent;
  }

  machine(): object {
    const { machine, cpus, memoryMiB, boot, startedAt, times, consoleBytes, networks } = this.sources;
    return {
      state: visibleState[machine.state],
      ...(machine.internalError === undefined ? {} : { reason: machine.internalError }),
      accelerator: machine.vm.accelerator,
      cpus,
      memoryMiB,
      pid: process.pid,
      startedAt: startedAt.toISOString(),
      boot,
      serial: { bytes: consoleBytes() },
      networks: networks(),
      orderedAtMs: times.since,
      startup: times.list,
    };
  }

  stats(): object {
    const { machine, consoleBytes, consoleVisitors } = this.sources;
    const { user, system } = process.cpuUsage();
    return {
      uptimeMs: systemClock.monotonicMs() - this.startedMs,
      hostCpuMs: (user + system) / 1000,
      residentMiB: process.memoryUsage.rss() / 2 ** 20,
      vcpus: machine.threads.state.map((control, index) => ({
        index,
        'thread-id': control.tid,
        state: vcpuStates.get(control.signals[1] ?? 0) ?? 'unknown',
        portExits: control.portExits,
        mmioExits: control.mmioExits,
        otherExits: control.otherExits,
        unclaimedReads: control.unclaimedReads,
        unclaimedWrites: control.unclaimedWrites,
        hostCpuMs: threadCpuMs(control.tid),
      })),
      console: { outputBytes: consoleBytes(), visitors: consoleVisitors() },
      ...(machine.balloon === undefined ? {} : { balloon: describeBalloon(machine.balloon) }),
    };
  }
}

function describeBalloon(balloon: Balloon): object {
  const { active, target, actual, memoryBytes } = balloon;
  const guest = balloon.facts();
  return { active, memoryBytes, targetBytes: target, actualBytes: actual, ...(guest === undefined ? {} : { guest }) };
}

/** USER_HZ, what /proc counts CPU time in (proc(5)). */
const TICKS_PER_SECOND = 100;

/**
 * CPU time of one thread of this process: `schedstat` counts nanoseconds (Linux scheduler/sched-stats.rst) where the
 * kernel has it, `stat` fields 14 and 15 ticks (proc(5)).
 */
function threadCpuMs(tid: number): number {
  if (tid === 0) return 0;
  try {
    if (existsSync(`/proc/self/task/${tid}/schedstat`)) {
      return Number(readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    }
    const stat = readFileSync(`/proc/self/task/${tid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
