import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../base/failure.ts';
import { inUserNamespace } from '../../linux/user-namespace.ts';
import type { Resources } from '../runtime/spec/linux.ts';
import type { Cgroup } from './cgroup.ts';
import { enableControllers } from './delegated.ts';
import { attachDevicePolicy } from './device-policy.ts';
import { killAll, processesUnder, readNumber, readTable, readText, removeTree, write } from './files.ts';
import type { CgroupHierarchy } from './hierarchy.ts';
import { ioOf, processSums } from './process-sums.ts';
import type { ContainerStats, IoStats, Pressure, PressureLine } from './stats.ts';
import { checkMemoryInUse, rdmaLine, refuseResources } from './wanted.ts';

/** Members of `linux.resources` that version 2 has nothing for. */
const ONLY_IN_V1 = [
  ...['memory.kernel', 'memory.kernelTCP', 'memory.swappiness', 'memory.disableOOMKiller'],
  ...['cpu.realtimeRuntime', 'cpu.realtimePeriod', 'blockIO.leafWeight', 'network'],
];

/** A container's cgroup of version 2: Linux admin-guide/cgroup-v2.rst. */
export class CgroupV2 implements Cgroup {
  constructor(
    private readonly path: string,
    /** Where the file system is mounted, or the delegated cgroup: above it nothing is ours to change. */
    private readonly top: string,
  ) {}

  get hierarchies(): readonly CgroupHierarchy[] {
    return [{ name: '', path: this.path }];
  }

  create(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o755 });
    const parents: string[] = [];
    for (let at = dirname(this.path); at.startsWith(this.top); at = dirname(at)) parents.unshift(at);
    for (const parent of parents) enableControllers(parent);
  }

  enter(pid: number): void {
    write(this.path, 'cgroup.procs', pid);
  }

  apply(resources: Resources): void {
    const set = (name: string, value: string | number): void => write(this.path, name, value);
    const { memory, cpu, pids, blockIO, devices, unified } = resources;
    refuseResources(resources, ONLY_IN_V1, 'it is of control groups of version 1, and this host has version 2');
    if (memory?.useHierarchy === false) {
      throw new Failure('usage', 'not-supported', 'config.json: linux.resources.memory.useHierarchy: it is always on');
    }
    checkMemoryInUse(resources, readNumber(this.path, 'memory.current'));
    const orMax = (value: number): string | number => (value < 0 ? 'max' : value);
    if (memory?.limit) set('memory.max', orMax(memory.limit));
    if (memory?.swap) set('memory.swap.max', swapAlone(memory.swap, memory.limit));
    if (memory?.reservation) set('memory.low', orMax(memory.reservation));
    if (cpu?.shares) set('cpu.weight', weightOf(cpu.shares));
    if (cpu?.quota || cpu?.period) {
      const now = (readText(this.path, 'cpu.max') ?? 'max 100000').split(' ');
      const quota = cpu.quota ? (cpu.quota < 0 ? 'max' : cpu.quota) : now[0];
      set('cpu.max', `${quota} ${cpu.period || now[1]}`);
    }
    if (cpu?.burst !== undefined) set('cpu.max.burst', cpu.burst);
    if (cpu?.idle !== undefined) set('cpu.idle', cpu.idle);
    if (cpu?.cpus) set('cpuset.cpus', cpu.cpus);
    if (cpu?.mems) set('cpuset.mems', cpu.mems);
    if (pids) set('pids.max', pids.limit > 0 ? pids.limit : 'max');
    if (blockIO) this.applyIo(blockIO);
    for (const { pageSize, limit } of resources.hugepageLimits ?? []) {
      set(`hugetlb.${pageSize}.max`, limit);
      const reservations = `hugetlb.${pageSize}.rsvd.max`;
      if (existsSync(join(this.path, reservations))) set(reservations, limit);
    }
    for (const [device, limits] of Object.entries(resources.rdma ?? {})) set('rdma.max', rdmaLine(device, limits));
    for (const [name, value] of Object.entries(unified ?? {})) {
      if (name.includes('/')) throw new Failure('usage', 'bad-spec', `resources.unified: ${name}: is no name`);
      set(name, value);
    }
    // An ordinary user may not load programs; devices are the host's own nodes there, and of a mount's `nodev`.
    if (devices && devices.length > 0 && !inUserNamespace()) attachDevicePolicy(this.path, devices);
  }

  async freeze(): Promise<void> {
    write(this.path, 'cgroup.freeze', 1);
    for (let round = 0; round < 2000; round++) {
      if (this.isFrozen()) return;
      await delay(1);
    }
    write(this.path, 'cgroup.freeze', 0);
    throw new Failure('failed', 'cannot-freeze', `cgroup ${this.path}: its processes do not stop`);
  }

  async thaw(): Promise<void> {
    write(this.path, 'cgroup.freeze', 0);
  }

  isFrozen(): boolean {
    return readTable(this.path, 'cgroup.events').frozen === 1;
  }

  processes(): number[] {
    return processesUnder(this.path);
  }

  oomKills(): number {
    return readTable(this.path, 'memory.events').oom_kill ?? 0;
  }

  async remove(): Promise<void> {
    await removeTree(this.path, () => {
      // Linux 5.14; before that one by one.
      if (existsSync(join(this.path, 'cgroup.kill'))) write(this.path, 'cgroup.kill', 1);
      else killAll(this.processes());
    });
  }

  stats(): ContainerStats {
    const cpu = readTable(this.path, 'cpu.stat');
    const nanoseconds = (name: string): number => (cpu[name] ?? 0) * 1000;
    const events = readTable(this.path, 'memory.events');
    const usage = readNumber(this.path, 'memory.current');
    const tasks = readNumber(this.path, 'pids.current');
    const io = readText(this.path, 'io.stat');
    // A controller that is not delegated to this user counts nothing.
    const missing = usage === null || tasks === null || io === undefined;
    const sums = processSums(missing ? this.processes() : []);
    return {
      cpu: {
        total: nanoseconds('usage_usec'),
        user: nanoseconds('user_usec'),
        system: nanoseconds('system_usec'),
        perCpu: null,
        periods: cpu.nr_periods ?? 0,
        throttledPeriods: cpu.nr_throttled ?? 0,
        throttledTime: nanoseconds('throttled_usec'),
      },
      memory: {
        usage: usage ?? sums.memory,
        maxUsage: readNumber(this.path, 'memory.peak'),
        limit: readNumber(this.path, 'memory.max'),
        swapUsage: readNumber(this.path, 'memory.swap.current'),
        failures: events.max ?? 0,
        oomKills: events.oom_kill ?? 0,
        stat: readTable(this.path, 'memory.stat'),
      },
      pids: { current: tasks ?? sums.threads, limit: readNumber(this.path, 'pids.max') },
      io: io === undefined ? ioOf(sums) : ioStats(io),
      pressure: {
        cpu: pressure(readText(this.path, 'cpu.pressure')),
        memory: pressure(readText(this.path, 'memory.pressure')),
        io: pressure(readText(this.path, 'io.pressure')),
      },
    };
  }

  private applyIo(io: NonNullable<Resources['blockIO']>): void {
    const bfq = existsSync(join(this.path, 'io.bfq.weight'));
    const file = bfq ? 'io.bfq.weight' : 'io.weight';
    // 10–1000 of version 1 to 1–10000 of version 2.
    const scaled = (weight: number): number => (bfq ? weight : Math.trunc(1 + ((weight - 10) * 9999) / 990));
    if (io.weight) write(this.path, file, scaled(io.weight));
    for (const { major, minor, weight, leafWeight } of io.weightDevice ?? []) {
      if (leafWeight)
        throw new Failure(
          'usage',
          'not-supported',
          'config.json: linux.resources.blockIO.weightDevice: leafWeight is of control groups of version 1',
        );
      if (weight) write(this.path, file, `${major}:${minor} ${scaled(weight)}`);
    }
    const limits = [
      ['throttleReadBpsDevice', 'rbps'],
      ['throttleWriteBpsDevice', 'wbps'],
      ['throttleReadIOPSDevice', 'riops'],
      ['throttleWriteIOPSDevice', 'wiops'],
    ] as const;
    for (const [key, name] of limits) {
      for (const { major, minor, rate } of io[key] ?? []) {
        write(this.path, 'io.max', `${major}:${minor} ${name}=${rate === 0 ? 'max' : rate}`);
      }
    }
  }
}

/** The document's swap is memory with swap; version 2 wants swap alone. */
function swapAlone(swap: number, limit: number | undefined): string | number {
  if (swap < 0) return 'max';
  if (limit === undefined || limit <= 0) {
    throw new Failure('usage', 'bad-spec', 'resources.memory: a limit of swap needs one of memory');
  }
  if (swap < limit) throw new Failure('usage', 'bad-spec', 'resources.memory: swap is below the limit of memory');
  return swap - limit;
}

/** 2–262144 shares of version 1 to a weight of 1–10000, as runc and crun convert them. */
function weightOf(shares: number): number {
  return Math.trunc(1 + ((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142);
}

function ioStats(text: string): IoStats[] {
  return text.split('\n').flatMap((line) => {
    const [device = '', ...pairs] = line.split(' ');
    const [major, minor] = device.split(':').map(Number);
    const values = Object.fromEntries(pairs.map((pair) => [pair.split('=')[0]!, Number(pair.split('=')[1])]));
    if (minor === undefined || values.rbytes === undefined) return [];
    return {
      major: major!,
      minor,
      readBytes: values.rbytes,
      writeBytes: values.wbytes ?? 0,
      readOperations: values.rios ?? 0,
      writeOperations: values.wios ?? 0,
    };
  });
}

function pressure(text: string | undefined): Pressure | null {
  const line = (name: string): PressureLine | null => {
    const found = new RegExp(`^${name} avg10=(\\S+) avg60=(\\S+) avg300=(\\S+) total=(\\d+)`, 'm').exec(text ?? '');
    const [avg10, avg60, avg300, total] = (found?.slice(1) ?? []).map(Number);
    return found === null ? null : { avg10: avg10!, avg60: avg60!, avg300: avg300!, total: total! };
  };
  const some = line('some');
  return some === null ? null : { some, full: line('full') };
}
