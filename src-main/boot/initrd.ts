import { MiB } from '../vmm/layout.ts';
import type { Segment } from './boot-image.ts';
import type { PayloadFile } from './payload-file.ts';
import type { RamPlan } from './ram-plan.ts';

const PAGE = 4096;

export interface PlacedInitrd {
  readonly gpa: number;
  readonly size: number;
  readonly segment: Segment;
}

/**
 * Puts the initrd as high as it may lie, on a page boundary, clear of the kernel.
 * @param kernelEnd where the kernel's own memory ends
 * @param addressMax the highest address it may occupy (boot.rst initrd_addr_max)
 */
export function placeInitrd(initrd: PayloadFile, ram: RamPlan, kernelEnd: number, addressMax: number): PlacedInitrd {
  if (initrd.size === 0) {
    throw initrd.failure('initrd-empty', 'the file is empty', { hint: 'leave the initrd out to boot without one' });
  }
  const gpa = ram.takeHighest(initrd.size, PAGE, addressMax + 1);
  if (gpa === undefined) throw tooLarge(initrd, ram, kernelEnd, addressMax);
  const segment = { gpa, fd: initrd.fd, fileOffset: 0, length: initrd.size };
  return { gpa, size: initrd.size, segment };
}

function tooLarge(initrd: PayloadFile, ram: RamPlan, kernelEnd: number, addressMax: number) {
  const pages = Math.ceil(initrd.size / PAGE) * PAGE;
  const end = Math.ceil(kernelEnd / PAGE) * PAGE + pages;
  const size = `${(initrd.size / MiB).toFixed(1)} MiB`;
  const neededMiB = Math.ceil(end / MiB);
  const memoryMiB = Math.floor(ram.memoryBytes / MiB);
  if (end > addressMax + 1 || neededMiB <= memoryMiB) {
    const below = Math.floor((Math.min(addressMax + 1, ram.end) - kernelEnd) / MiB);
    return initrd.failure('initrd-too-large', `${size} are more than this kernel can take: ${Math.max(0, below)} MiB`, {
      facts: { size: initrd.size, limit: addressMax + 1 - kernelEnd },
    });
  }
  return initrd.failure('initrd-too-large', `${size} do not fit beside the kernel into ${memoryMiB} MiB of memory`, {
    hint: `give the machine at least ${neededMiB} MiB, and more for unpacking it`,
    facts: { size: initrd.size, neededMiB, memoryMiB },
  });
}
