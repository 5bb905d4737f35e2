import { EM, isElf } from './elf/elf-file.ts';
import { readKernelHead, refuseUnknown } from './kernel-head.ts';
import { isBzImage, readBzImage } from './linux-x86/bzimage.ts';
import { PayloadFile } from './payload-file.ts';
import { readVmlinux } from './pvh/vmlinux.ts';

export interface KernelDescription {
  readonly format: 'bzImage' | 'elf';
  /** As the kernel tells it: `6.1.0-53-amd64 (debian-kernel@…) #1 SMP …`; an ELF file does not. */
  readonly version: string | undefined;
  readonly needs64bit: boolean;
  readonly has32bitEntry: boolean;
  readonly pvh: boolean;
}

/** What a kernel file is, without booting it; the same refusals as `planBoot`. */
export function describeKernel(path: string): KernelDescription {
  const kernel = PayloadFile.open('kernel', path);
  try {
    return describe(kernel, readKernelHead(kernel));
  } finally {
    kernel.dispose();
  }
}

function describe(kernel: PayloadFile, head: Uint8Array): KernelDescription {
  if (isElf(head)) {
    const { elf, pvhEntry } = readVmlinux(kernel, head);
    const pvh = pvhEntry !== undefined;
    return { format: 'elf', version: undefined, needs64bit: elf.machine === EM.x86_64, has32bitEntry: pvh, pvh };
  }
  if (!isBzImage(head)) throw refuseUnknown(kernel, head);
  const { version, is64Bit } = readBzImage(kernel, head);
  return { format: 'bzImage', version, needs64bit: is64Bit, has32bitEntry: true, pvh: false };
}
