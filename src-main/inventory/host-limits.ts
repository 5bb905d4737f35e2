import { readFileSync } from 'node:fs';
import os from 'node:os';
import { Failure } from '../base/failure.ts';
import { parseCpuList } from '../linux/cpu-list.ts';
import type { MachineConfig } from './machine-config.ts';
import { quote } from './machine-name.ts';
import { parsePinning, requirePinnable } from './pinning.ts';

export interface HostLimits {
  readonly memoryMiB: number;
  /** CPUs that are there and switched on, by number. */
  readonly onlineCpus: readonly number[];
}

export function thisHost(): HostLimits {
  return { memoryMiB: Math.floor(os.totalmem() / (1 << 20)), onlineCpus: onlineCpus() };
}

/** Linux Documentation/ABI/testing/sysfs-devices-system-cpu, `online`. */
function onlineCpus(): number[] {
  try {
    return parseCpuList(readFileSync('/sys/devices/system/cpu/online', 'utf8'));
  } catch {
    return os.cpus().map((_, cpu) => cpu);
  }
}

/** Throws when this release or this computer cannot run a machine of that size. Each accelerator has limits of its own. */
export function requireRunnable(config: MachineConfig, host: HostLimits = thisHost()): void {
  const { name, memoryMiB, cpus, pinning } = config;
  if (memoryMiB > host.memoryMiB) {
    const message = `machine ${quote(name)}: ${memoryMiB} MiB of memory: this computer has ${host.memoryMiB} MiB`;
    throw new Failure('host', 'memory-exceeds-host', message, { hint: 'give the machine less memory' });
  }
  if (pinning !== undefined) requirePinnable(name, parsePinning(pinning), cpus, host.onlineCpus);
}
