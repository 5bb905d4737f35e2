import type { Failure } from '../base/failure.ts';
import { fileKind } from './file-kind.ts';
import type { PayloadFile } from './payload-file.ts';

/** All a header can span: a boot sector and 255 sectors of setup code (boot.rst setup_sects). */
const HEAD_BYTES = 256 * 512;

export function readKernelHead(kernel: PayloadFile): Uint8Array {
  return kernel.read(0, HEAD_BYTES);
}

export function refuseUnknown(kernel: PayloadFile, head: Uint8Array): Failure {
  const kind = fileKind(head);
  const packed = kind.endsWith('archive') && !kind.includes('cpio');
  const hint = packed ? 'unpack it first' : 'a bzImage (vmlinuz) or an ELF vmlinux for x86 can be booted';
  return kernel.failure('kernel-not-a-kernel', `this is ${kind}, not a Linux kernel for x86`, { hint });
}
