import os from 'node:os';
import { Failure } from '../base/failure.ts';
import type { MachineConfig } from './machine-config.ts';
import { quote } from './machine-name.ts';

/** How many vCPUs this release runs. The schema, the boot tables and the chips know no such limit. */
export const RELEASE_MAX_CPUS = 1;

export interface HostLimits {
  readonly memoryMiB: number;
}

export function thisHost(): HostLimits {
  return { memoryMiB: Math.floor(os.totalmem() / (1 << 20)) };
}

/** Throws when this release or this computer cannot run a machine of that size. Each accelerator has limits of its own. */
export function requireRunnable(config: MachineConfig, host: HostLimits = thisHost()): void {
  const { name, cpus, memoryMiB } = config;
  if (cpus > RELEASE_MAX_CPUS) {
    throw new Failure('usage', 'too-many-cpus', `machine ${quote(name)}: ${cpus} CPUs: this release runs one vCPU`, {
      hint: 'leave --cpus out, or set cpus=1',
    });
  }
  if (memoryMiB > host.memoryMiB) {
    const message = `machine ${quote(name)}: ${memoryMiB} MiB of memory: this computer has ${host.memoryMiB} MiB`;
    throw new Failure('host', 'memory-exceeds-host', message, { hint: 'give the machine less memory' });
  }
}
