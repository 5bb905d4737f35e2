import os from 'node:os';
import { Failure } from '../base/failure.ts';
import type { MachineConfig } from './machine-config.ts';
import { quote } from './machine-name.ts';

export interface HostLimits {
  readonly memoryMiB: number;
}

export function thisHost(): HostLimits {
  return { memoryMiB: Math.floor(os.totalmem() / (1 << 20)) };
}

/** Throws when this release or this computer cannot run a machine of that size. Each accelerator has limits of its own. */
export function requireRunnable(config: MachineConfig, host: HostLimits = thisHost()): void {
  const { name, memoryMiB } = config;
  if (memoryMiB > host.memoryMiB) {
    const message = `machine ${quote(name)}: ${memoryMiB} MiB of memory: this computer has ${host.memoryMiB} MiB`;
    throw new Failure('host', 'memory-exceeds-host', message, { hint: 'give the machine less memory' });
  }
}
