import { Failure } from '../../../base/failure.ts';
import type { HostConfig, ResourceLimits } from '../container-config.ts';

/** CFS period when only a number of CPUs is given, microseconds (Docker's `--cpus`). */
const PERIOD_US = 100_000;
const MEMORY_MIN = 6 << 20;

/** OCI runtime 1.2 config-linux "Control groups", the part an update can change. */
export interface SpecResources {
  readonly memory?: { limit?: number; reservation?: number; swap?: number; disableOOMKiller?: boolean };
  readonly cpu?: { shares?: number; quota?: number; period?: number; cpus?: string; mems?: string };
  readonly pids?: { limit: number };
  readonly blockIO?: Readonly<Record<string, unknown>>;
}

/** Limits in the words of the specification. Only what is limited is said. Throws `usage` for what contradicts itself. */
export function specResources(limits: ResourceLimits): SpecResources {
  const memory = memoryOf(limits);
  const cpu = cpuOf(limits);
  const pids = limits.PidsLimit;
  return {
    ...(memory === undefined ? {} : { memory }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(pids === null || pids === 0 ? {} : { pids: { limit: pids < 0 ? -1 : pids } }),
    ...(limits.BlkioWeight === 0 ? {} : { blockIO: { weight: limits.BlkioWeight } }),
  };
}

function memoryOf(limits: ResourceLimits): SpecResources['memory'] {
  const { Memory, MemorySwap, MemoryReservation } = limits;
  if (Memory > 0 && Memory < MEMORY_MIN) throw wrong('Minimum memory limit allowed is 6MB');
  if (MemorySwap > 0 && Memory === 0) {
    throw wrong('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (MemorySwap > 0 && MemorySwap < Memory) {
    throw wrong('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw wrong('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  // Without a word on swap a container may use as much of it again as of memory.
  const swap = MemorySwap === 0 && Memory > 0 ? Memory * 2 : MemorySwap;
  const memory = {
    ...(Memory > 0 ? { limit: Memory } : {}),
    ...(MemoryReservation > 0 ? { reservation: MemoryReservation } : {}),
    ...(swap === 0 ? {} : { swap }),
  };
  return Object.keys(memory).length === 0 ? undefined : memory;
}

function cpuOf({ NanoCpus, CpuPeriod, CpuQuota, CpuShares, CpusetCpus, CpusetMems }: ResourceLimits) {
  if (NanoCpus > 0 && (CpuPeriod > 0 || CpuQuota > 0)) {
    throw wrong('Conflicting options: Nano CPUs and CPU Period or Quota cannot both be set');
  }
  const quota = NanoCpus > 0 ? Math.round((NanoCpus / 1e9) * PERIOD_US) : CpuQuota;
  const period = NanoCpus > 0 ? PERIOD_US : CpuPeriod;
  const cpu = {
    ...(CpuShares > 0 ? { shares: CpuShares } : {}),
    ...(quota === 0 ? {} : { quota }),
    ...(period === 0 ? {} : { period }),
    ...(CpusetCpus === '' ? {} : { cpus: CpusetCpus }),
    ...(CpusetMems === '' ? {} : { mems: CpusetMems }),
  };
  return Object.keys(cpu).length === 0 ? undefined : cpu;
}

/** Throws for an OOM killer switched off without a limit, which would hang the whole computer. */
export function refuseDangerousMemory({ OomKillDisable, Memory }: HostConfig): void {
  if (OomKillDisable && Memory === 0) {
    throw wrong('OOM killer cannot be disabled for a container without a memory limit');
  }
}

function wrong(message: string): Failure {
  return new Failure('usage', 'bad-limits', message);
}
