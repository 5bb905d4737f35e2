import type { BootImage } from './boot-image.ts';
import type { PayloadFile } from './payload-file.ts';

export interface BootRequest {
  /** Path of a bzImage or an ELF vmlinux. */
  readonly kernel: string;
  readonly initrd?: string | undefined;
  readonly commandLine: string;
  readonly memoryBytes: number;
  /** From `buildAcpiTables`; undefined boots a machine without ACPI. */
  readonly acpiTables: Uint8Array | undefined;
  /** The accelerator's CPU has no long mode: kernels that need it are refused. */
  readonly prefer32?: boolean;
  /** Enters a 64-bit bzImage through its 32-bit entry too. */
  readonly use32BitEntry?: boolean;
}

/** A `BootRequest` with its files open and the kernel's beginning read. */
export interface OpenedRequest extends Omit<BootRequest, 'kernel' | 'initrd'> {
  readonly kernel: PayloadFile;
  /** The first bytes of the kernel, read once; everything is decided from them. */
  readonly head: Uint8Array;
  readonly initrd: PayloadFile | undefined;
}

/** A `BootImage` before it owns its files. */
export type BootPlan = Omit<BootImage, 'dispose'>;
