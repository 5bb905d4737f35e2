import type { Failure } from '../base/failure.ts';
import { LOW_RAM_END, MiB } from '../vmm/layout.ts';
import type { PayloadFile } from './payload-file.ts';
import type { RamPlan } from './ram-plan.ts';

/** The kernel occupies memory up to `end`, which the machine does not have below 4 GiB. */
export function kernelTooLarge(kernel: PayloadFile, ram: RamPlan, end: number): Failure {
  const neededMiB = Math.ceil(end / MiB);
  const memoryMiB = Math.floor(ram.memoryBytes / MiB);
  const fits = neededMiB * MiB <= LOW_RAM_END;
  const why = fits
    ? `needs ${neededMiB} MiB of memory to start, the machine has ${memoryMiB}`
    : `wants to lie at ${Math.floor(end / MiB)} MiB, where no machine has memory`;
  return kernel.failure('kernel-too-large-for-memory', why, {
    ...(fits ? { hint: `give the machine at least ${neededMiB} MiB` } : {}),
    facts: { neededMiB, memoryMiB },
  });
}

export function kernelNeeds64Bit(kernel: PayloadFile): Failure {
  return kernel.failure(
    'kernel-needs-64-bit',
    'this kernel needs a 64-bit CPU; the translating accelerator has a 32-bit one',
    { hint: 'use a 32-bit (i386) kernel, or a host where KVM can be used' },
  );
}

export function kernelMalformed(kernel: PayloadFile, why: string): Failure {
  return kernel.failure('kernel-malformed', why, { hint: 'the file is damaged, or not a kernel after all' });
}
