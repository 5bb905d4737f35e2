import type { ResourceLimits } from './container-config.ts';

/** The controllers of cgroup version 2 that containers can be limited by; undefined where every limit can be set. */
export type Controllers = readonly string[] | undefined;

interface Limit {
  readonly controller: string;
  readonly none: Partial<ResourceLimits>;
  /** Docker's words. */
  readonly discarded: string;
}

const without = (what: string): string => `Your kernel does not support ${what} or the cgroup is not mounted.`;

const LIMITS: readonly Limit[] = [
  {
    controller: 'memory',
    none: { Memory: 0, MemorySwap: 0, MemoryReservation: 0 },
    discarded: `${without('memory limit capabilities')} Limitation discarded.`,
  },
  { controller: 'cpu', none: { CpuShares: 0 }, discarded: `${without('CPU shares')} Shares discarded.` },
  {
    controller: 'cpu',
    none: { NanoCpus: 0, CpuPeriod: 0, CpuQuota: 0 },
    discarded: `${without('CPU CFS quota')} Quota discarded.`,
  },
  {
    controller: 'cpuset',
    none: { CpusetCpus: '', CpusetMems: '' },
    discarded: `${without('cpuset')} Cpuset discarded.`,
  },
  {
    controller: 'pids',
    none: { PidsLimit: null },
    discarded: `${without('PIDs limit capabilities')} PIDs limit discarded.`,
  },
  { controller: 'io', none: { BlkioWeight: 0 }, discarded: `${without('Block I/O weight')} Weight discarded.` },
];

/** The limits that can be set, and a warning for each that cannot: a container runs without rather than not at all. */
export function possibleLimits<
  T extends { readonly [name in keyof ResourceLimits]?: ResourceLimits[name] | undefined },
>(wanted: T, controllers: Controllers): { readonly limits: T; readonly warnings: string[] } {
  const missing = LIMITS.filter(({ controller, none }) => {
    if (controllers === undefined || controllers.includes(controller)) return false;
    return Object.entries(none).some(([name, nothing]) => (wanted[name] || nothing) !== nothing && wanted[name] !== -1);
  });
  const limits = Object.assign({}, wanted, ...missing.map(({ none }) => none)) as T;
  return { limits, warnings: missing.map(({ discarded }) => discarded) };
}
