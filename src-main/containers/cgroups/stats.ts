/** What a container uses, whichever cgroup version counts it. Null where this kernel does not say. */
export interface ContainerStats {
  readonly cpu: CpuStats;
  readonly memory: MemoryStats;
  readonly pids: { readonly current: number; readonly limit: number | null };
  readonly io: readonly IoStats[];
  /** cgroup v2 only. */
  readonly pressure: {
    readonly cpu: Pressure | null;
    readonly memory: Pressure | null;
    readonly io: Pressure | null;
  };
}

/** Times in nanoseconds. */
export interface CpuStats {
  readonly total: number;
  readonly user: number;
  readonly system: number;
  readonly perCpu: readonly number[] | null;
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledTime: number;
}

/** Sizes in bytes. */
export interface MemoryStats {
  /** With the page cache. */
  readonly usage: number;
  readonly maxUsage: number | null;
  readonly limit: number | null;
  readonly swapUsage: number | null;
  readonly failures: number;
  readonly oomKills: number;
  /** memory.stat as it is. */
  readonly stat: Readonly<Record<string, number>>;
}

export interface IoStats {
  readonly major: number;
  readonly minor: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly readOperations: number;
  readonly writeOperations: number;
}

/** PSI (Linux accounting/psi.rst): shares in percent of the last 10, 60 and 300 s, total in microseconds. */
export interface Pressure {
  readonly some: PressureLine;
  readonly full: PressureLine | null;
}

export interface PressureLine {
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  readonly total: number;
}
