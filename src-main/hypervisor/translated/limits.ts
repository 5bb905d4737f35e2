import { Failure } from '../../base/failure.ts';
import { MiB } from '../../vmm/layout.ts';
import type { VmOptions } from '../hypervisor.ts';

export interface TranslatedLimits {
  readonly minMemoryBytes: number;
  readonly maxMemoryBytes: number;
  readonly maxVcpus: number;
}

/** v86's allocator takes less than 2 GiB (Rust's Layout, isize::MAX on wasm32); 2047 MiB works in Node 20 and Electron 42. */
export function translatedLimits(): TranslatedLimits {
  return { minMemoryBytes: 1 * MiB, maxMemoryBytes: 2047 * MiB, maxVcpus: 1 };
}

export function checkTranslatedLimits({ memoryBytes, cpus }: Pick<VmOptions, 'memoryBytes' | 'cpus'>): void {
  const { minMemoryBytes, maxMemoryBytes, maxVcpus } = translatedLimits();
  if (!(memoryBytes >= minMemoryBytes && memoryBytes <= maxMemoryBytes && memoryBytes % MiB === 0)) {
    const wanted = `${minMemoryBytes / MiB} to ${maxMemoryBytes / MiB} MiB of memory, in whole MiB`;
    throw new Failure('usage', 'memory-size', `${memoryBytes / MiB} MiB: the translating accelerator has ${wanted}`, {
      facts: { memoryBytes, minMemoryBytes, maxMemoryBytes },
    });
  }
  if (cpus < 1 || cpus > maxVcpus) {
    throw new Failure('usage', 'cpu-count', `${cpus} CPUs: the translating accelerator has one`, {
      facts: { cpus, maxVcpus },
    });
  }
}
