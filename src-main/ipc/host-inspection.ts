import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { dirname } from 'node:path';
import type { BuiltInGuest, HostOverview } from '../contract/host.ts';
import type { BulkheadPaths } from '../inventory/paths.ts';
import { builtInGuest, builtInGuests } from '../inventory/resources.ts';
import { acceleratorVerdicts } from '../vmm/host-check/accelerator-verdicts.ts';
import { checkHost } from '../vmm/host-check/checks.ts';
import { type HostFacts, thisHostFacts } from '../vmm/host-check/host-facts.ts';
import type { HostInspection } from './services.ts';

/** This computer, looked at anew each time it is asked about. */
export function inspectHost(paths: BulkheadPaths, appVersion: string): HostInspection {
  const facts = (): HostFacts => thisHostFacts(process.env);
  return {
    check: async () => checkHost(facts(), await acceleratorVerdicts(), existingFolder(paths.machines)),
    overview: async () => ({
      ...computer(facts()),
      appVersion,
      accelerators: await acceleratorVerdicts(),
      guests: shippedGuests(),
      dataFolder: paths.machines,
    }),
  };
}

function computer(facts: HostFacts): Omit<HostOverview, 'appVersion' | 'accelerators' | 'guests' | 'dataFolder'> {
  const processors = os.cpus();
  return {
    hostname: os.hostname(),
    cpuModel: processors[0]?.model.trim() || 'unknown',
    cpus: processors.length,
    memoryMiB: facts.memoryMiB,
    memoryAvailableMiB: facts.memoryFreeMiB,
    os: systemName(),
    kernel: facts.kernelRelease,
  };
}

/** os-release(5) */
function systemName(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]+)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    return name ?? 'Linux';
  } catch {
    return 'Linux';
  }
}

/** Damaged guests are left out: the wizard offers what can be made. */
function shippedGuests(): BuiltInGuest[] {
  return builtInGuests().flatMap((id) => {
    try {
      const { name, description, minMemoryMiB, recommendedMemoryMiB } = builtInGuest(id);
      return [{ id, name, description, minMemoryMiB, recommendedMemoryMiB }];
    } catch {
      return [];
    }
  });
}

/** The folder itself, or the nearest one above it that is there already. */
function existingFolder(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : existingFolder(dirname(path));
}
