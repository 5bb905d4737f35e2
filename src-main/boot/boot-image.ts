import type { Disposable } from '../base/disposable.ts';

/** Bytes to put into guest RAM: from memory, or straight from an open file. */
export type Segment =
  | { readonly gpa: number; readonly bytes: Uint8Array }
  | { readonly gpa: number; readonly fd: number; readonly fileOffset: number; readonly length: number };

/** The bootstrap processor's state at the first instruction. */
export type Entry =
  /** Linux boot protocol, 64-bit: long mode, flat segments, identity-mapped tables at `cr3` (boot.rst "64-bit boot protocol"). */
  | { readonly mode: 'long64'; readonly rip: number; readonly rsi: number; readonly rsp: number; readonly cr3: number; readonly gdt: Table }
  /** Linux boot protocol, 32-bit, and PVH: protected mode, flat segments, paging off (boot.rst "32-bit boot protocol"). */
  | { readonly mode: 'protected32'; readonly eip: number; readonly esi: number; readonly ebx: number; readonly esp: number; readonly gdt: Table }
  /** As after power-on: F000:FFF0 (SDM 3A §10.1.4). */
  | { readonly mode: 'reset-vector' };

export interface Table {
  readonly base: number;
  /** Offset of the last byte, as in GDTR. */
  readonly limit: number;
}

/**
 * Everything a machine needs in RAM before its first instruction, and where that instruction is. Loading it again is
 * what a reset does. Owns the open files behind its segments.
 */
export interface BootImage extends Disposable {
  /** What is being booted, for logs: `Linux 6.1.0-53-amd64 (bzImage, 64-bit entry)`. */
  readonly description: string;
  readonly segments: readonly Segment[];
  readonly entry: Entry;
}
