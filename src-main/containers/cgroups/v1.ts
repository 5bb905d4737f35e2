import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../base/failure.ts';
import type { Resources } from '../runtime/spec/linux.ts';
import type { Cgroup } from './cgroup.ts';
import { killAll, processesUnder, readNumber, readTable, readText, removeTree, write } from './files.ts';
import type { CgroupHierarchy } from './hierarchy.ts';
import type { ContainerStats, IoStats } from './stats.ts';
import { checkMemoryInUse, rdmaLine, refuseResources } from './wanted.ts';

/** A container's cgroup in the hierarchies of version 1: Linux cgroup-v1/*.rst. */
export class CgroupV1 implements Cgroup {
  constructor(
    /** The container's folder in each hierarchy, and the folder that hierarchy is mounted at. */
    private readonly folders: readonly (CgroupHierarchy & { readonly mountedAt: string })[],
  ) {}

  get hierarchies(): readonly CgroupHierarchy[] {
    return this.folders.map(({ name, path }) => ({ name, path }));
  }

  create(): void {
    for (const { name, path, mountedAt } of this.folders) {
      mkdirSync(path, { recursive: true, mode: 0o755 });
      if (name.split(',').includes('cpuset')) inheritCpuset(path, mountedAt);
    }
  }

  enter(pid: number): void {
    for (const { path } of this.folders) write(path, 'cgroup.procs', pid);
  }

  apply(resources: Resources): void {
    refuseResources(resources, ['unified'], 'it is of control groups of version 2, and this host has version 1');
    checkMemoryInUse(resources, readNumber(this.folder('memory') ?? '/nowhere', 'memory.usage_in_bytes'));
    this.applyMemory(resources);
    this.applyCpu(resources);
    const limit = resources.pids?.limit;
    if (limit !== undefined) this.set('pids', 'pids.max', limit > 0 ? limit : 'max');
    this.applyIo(resources);
    for (const { allow, type = 'a', major = -1, minor = -1, access = 'rwm' } of resources.devices ?? []) {
      const number = (value: number): string => (value < 0 ? '*' : String(value));
      const rule = type === 'a' ? 'a' : `${type} ${number(major)}:${number(minor)} ${access || 'rwm'}`;
      this.set('devices', allow ? 'devices.allow' : 'devices.deny', rule);
    }
    for (const { pageSize, limit: bytes } of resources.hugepageLimits ?? []) {
      this.set('hugetlb', `hugetlb.${pageSize}.limit_in_bytes`, bytes);
      const reservations = `hugetlb.${pageSize}.rsvd.limit_in_bytes`;
      if (existsSync(join(this.required('hugetlb'), reservations))) this.set('hugetlb', reservations, bytes);
    }
    for (const [device, limits] of Object.entries(resources.rdma ?? {})) {
      this.set('rdma', 'rdma.max', rdmaLine(device, limits));
    }
    if (resources.network?.classID !== undefined) this.set('net_cls', 'net_cls.classid', resources.network.classID);
    for (const { name, priority } of resources.network?.priorities ?? []) {
      this.set('net_prio', 'net_prio.ifpriomap', `${name} ${priority}`);
    }
  }

  async freeze(): Promise<void> {
    const folder = this.required('freezer');
    // A freeze can meet a process that is just starting another, and stay half done: asked again, it gets there.
    for (let round = 0; round < 1000; round++) {
      write(folder, 'freezer.state', 'FROZEN');
      if (readText(folder, 'freezer.state') === 'FROZEN') return;
      await delay(1);
    }
    write(folder, 'freezer.state', 'THAWED');
    throw new Failure('failed', 'cannot-freeze', `cgroup ${folder}: its processes do not stop`);
  }

  async thaw(): Promise<void> {
    write(this.required('freezer'), 'freezer.state', 'THAWED');
  }

  isFrozen(): boolean {
    const folder = this.folder('freezer');
    return folder !== undefined && /^FR?EEZING|^FROZEN/.test(readText(folder, 'freezer.state') ?? '');
  }

  processes(): number[] {
    const folder = this.folder('pids') ?? this.folder('freezer') ?? this.folders[0]?.path;
    return folder === undefined ? [] : processesUnder(folder);
  }

  oomKills(): number {
    const folder = this.folder('memory');
    return folder === undefined ? 0 : (readTable(folder, 'memory.oom_control').oom_kill ?? 0);
  }

  async remove(): Promise<void> {
    const freezer = this.folder('freezer');
    for (const { path } of this.folders) {
      await removeTree(path, () => {
        killAll(processesUnder(path));
        if (freezer !== undefined && existsSync(freezer)) write(freezer, 'freezer.state', 'THAWED');
      });
    }
  }

  stats(): ContainerStats {
    const memory = this.folder('memory') ?? '/nowhere';
    const cpuacct = this.folder('cpuacct') ?? '/nowhere';
    const cpu = readTable(this.folder('cpu') ?? '/nowhere', 'cpu.stat');
    const pids = this.folder('pids') ?? '/nowhere';
    const times = readTable(cpuacct, 'cpuacct.stat');
    const usage = readNumber(memory, 'memory.usage_in_bytes') ?? 0;
    const withSwap = readNumber(memory, 'memory.memsw.usage_in_bytes');
    return {
      cpu: {
        total: readNumber(cpuacct, 'cpuacct.usage') ?? 0,
        // In clock ticks, of which user space sees 100 a second.
        user: (times.user ?? 0) * 1e7,
        system: (times.system ?? 0) * 1e7,
        perCpu: readText(cpuacct, 'cpuacct.usage_percpu')?.split(' ').map(Number) ?? null,
        periods: cpu.nr_periods ?? 0,
        throttledPeriods: cpu.nr_throttled ?? 0,
        throttledTime: cpu.throttled_time ?? 0,
      },
      memory: {
        usage,
        maxUsage: readNumber(memory, 'memory.max_usage_in_bytes'),
        limit: readNumber(memory, 'memory.limit_in_bytes'),
        swapUsage: withSwap === null ? null : Math.max(0, withSwap - usage),
        failures: readNumber(memory, 'memory.failcnt') ?? 0,
        oomKills: this.oomKills(),
        stat: readTable(memory, 'memory.stat'),
      },
      pids: { current: readNumber(pids, 'pids.current') ?? 0, limit: readNumber(pids, 'pids.max') },
      io: this.ioStats(),
      pressure: { cpu: null, memory: null, io: null },
    };
  }

  private applyMemory({ memory }: Resources): void {
    if (!memory) return;
    const { limit, swap, reservation, swappiness, disableOOMKiller, useHierarchy, kernel, kernelTCP } = memory;
    if (useHierarchy !== undefined) this.set('memory', 'memory.use_hierarchy', useHierarchy ? 1 : 0);
    const bytes = 'memory.limit_in_bytes';
    const both = 'memory.memsw.limit_in_bytes';
    // Memory alone may never exceed memory with swap: which is raised first depends on where they are.
    const folder = this.folder('memory');
    const now = folder === undefined ? null : readNumber(folder, both);
    const swapFirst =
      swap !== undefined && swap !== 0 && (swap < 0 || (now !== null && limit !== undefined && limit > now));
    if (swapFirst) this.set('memory', both, swap);
    if (limit !== undefined && limit !== 0) this.set('memory', bytes, limit);
    if (!swapFirst && swap !== undefined && swap !== 0) this.set('memory', both, swap);
    if (reservation) this.set('memory', 'memory.soft_limit_in_bytes', reservation);
    if (kernel) this.set('memory', 'memory.kmem.limit_in_bytes', kernel);
    if (kernelTCP) this.set('memory', 'memory.kmem.tcp.limit_in_bytes', kernelTCP);
    if (swappiness !== undefined) this.set('memory', 'memory.swappiness', swappiness);
    if (disableOOMKiller) this.set('memory', 'memory.oom_control', 1);
  }

  private applyCpu({ cpu }: Resources): void {
    if (!cpu) return;
    if (cpu.shares) this.set('cpu', 'cpu.shares', cpu.shares);
    if (cpu.period) this.set('cpu', 'cpu.cfs_period_us', cpu.period);
    if (cpu.quota) this.set('cpu', 'cpu.cfs_quota_us', cpu.quota);
    if (cpu.burst !== undefined) this.set('cpu', 'cpu.cfs_burst_us', cpu.burst);
    if (cpu.realtimePeriod) this.set('cpu', 'cpu.rt_period_us', cpu.realtimePeriod);
    if (cpu.realtimeRuntime) this.set('cpu', 'cpu.rt_runtime_us', cpu.realtimeRuntime);
    if (cpu.idle !== undefined) this.set('cpu', 'cpu.idle', cpu.idle);
    if (cpu.cpus) this.set('cpuset', 'cpuset.cpus', cpu.cpus);
    if (cpu.mems) this.set('cpuset', 'cpuset.mems', cpu.mems);
  }

  private applyIo({ blockIO }: Resources): void {
    if (!blockIO) return;
    // BFQ's, where that scheduler is there.
    const weight = existsSync(join(this.folder('blkio') ?? '', 'blkio.weight')) ? 'blkio.weight' : 'blkio.bfq.weight';
    if (blockIO.weight) this.set('blkio', weight, blockIO.weight);
    if (blockIO.leafWeight) this.set('blkio', 'blkio.leaf_weight', blockIO.leafWeight);
    for (const { major, minor, weight: own, leafWeight: leaf } of blockIO.weightDevice ?? []) {
      if (own !== undefined) this.set('blkio', `${weight}_device`, `${major}:${minor} ${own}`);
      if (leaf !== undefined) this.set('blkio', 'blkio.leaf_weight_device', `${major}:${minor} ${leaf}`);
    }
    const throttles = [
      ['throttleReadBpsDevice', 'read_bps'],
      ['throttleWriteBpsDevice', 'write_bps'],
      ['throttleReadIOPSDevice', 'read_iops'],
      ['throttleWriteIOPSDevice', 'write_iops'],
    ] as const;
    for (const [key, name] of throttles) {
      for (const { major, minor, rate } of blockIO[key] ?? []) {
        this.set('blkio', `blkio.throttle.${name}_device`, `${major}:${minor} ${rate}`);
      }
    }
  }

  private ioStats(): IoStats[] {
    const folder = this.folder('blkio') ?? '/nowhere';
    const found = new Map<string, IoStats>();
    const add = (file: string, keys: { Read: keyof IoStats; Write: keyof IoStats }): void => {
      for (const line of (readText(folder, file) ?? '').split('\n')) {
        const [, major, minor, kind, value] = /^(\d+):(\d+) (Read|Write) (\d+)$/.exec(line) ?? [];
        if (major === undefined) continue;
        const zero = { readBytes: 0, writeBytes: 0, readOperations: 0, writeOperations: 0 };
        const before = found.get(`${major}:${minor}`) ?? { major: Number(major), minor: Number(minor), ...zero };
        found.set(`${major}:${minor}`, { ...before, [keys[kind as 'Read' | 'Write']]: Number(value) });
      }
    };
    add('blkio.throttle.io_service_bytes_recursive', { Read: 'readBytes', Write: 'writeBytes' });
    add('blkio.throttle.io_serviced_recursive', { Read: 'readOperations', Write: 'writeOperations' });
    return [...found.values()];
  }

  private folder(controller: string): string | undefined {
    return this.folders.find(({ name }) => name.split(',').includes(controller))?.path;
  }

  private required(controller: string): string {
    const folder = this.folder(controller);
    if (folder !== undefined) return folder;
    throw new Failure('host', 'no-controller', `cgroup: this host has no ${controller} controller`);
  }

  private set(controller: string, file: string, value: string | number): void {
    write(this.required(controller), file, value);
  }
}

/** A new cpuset has no processors and no memory, and takes no process, until it is given some: its parent's. */
function inheritCpuset(path: string, mountedAt: string): void {
  if (path === mountedAt) return;
  inheritCpuset(dirname(path), mountedAt);
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    if (readText(path, file) === '') write(path, file, readText(dirname(path), file) ?? '');
  }
}
