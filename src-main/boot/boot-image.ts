import { readSync } from 'node:fs';
import type { Disposable } from '../base/disposable.ts';
import { Failure, invariant } from '../base/failure.ts';
import { FIRMWARE_END, FIRMWARE_SHADOW_BYTES, FIRMWARE_SHADOW_END } from '../vmm/layout.ts';
import type { GuestMemory } from '../vmm/memory/guest-memory.ts';

/** Bytes to put into guest RAM straight from an open file. */
export interface FileSegment {
  readonly gpa: number;
  readonly fd: number;
  readonly fileOffset: number;
  readonly length: number;
}

/** Bytes to put into guest RAM: from memory, or from a file. */
export type Segment = { readonly gpa: number; readonly bytes: Uint8Array } | FileSegment;

/** The bootstrap processor's state at the first instruction. */
export type Entry =
  /** Linux boot protocol, 64-bit: long mode, flat segments, identity-mapped tables at `cr3` (boot.rst "64-bit boot protocol"). */
  | {
      readonly mode: 'long64';
      readonly rip: number;
      readonly rsi: number;
      readonly rsp: number;
      readonly cr3: number;
      readonly gdt: Table;
    }
  /** Linux boot protocol, 32-bit, and PVH: protected mode, flat segments, paging off (boot.rst "32-bit boot protocol"). */
  | {
      readonly mode: 'protected32';
      readonly eip: number;
      readonly esi: number;
      readonly ebx: number;
      readonly esp: number;
      readonly gdt: Table;
    }
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

/**
 * Copies an image's segments into RAM, files straight from the page cache. A segment outside RAM is our own mistake:
 * planning checked it; a file that has become shorter since is the user's.
 */
export function loadSegments(image: BootImage, memory: GuestMemory): void {
  for (const segment of image.segments) {
    if (isRom(segment)) continue;
    if ('bytes' in segment) {
      invariant(memory.write(segment.gpa, segment.bytes), `${image.description}: a segment lies outside RAM`);
      continue;
    }
    const inRam = memory.eachPiece(segment.gpa, segment.length, (ram, from) => readFully(segment, ram, from));
    invariant(inRam, `${image.description}: a segment lies outside RAM`);
  }
}

function readFully(segment: FileSegment, ram: Uint8Array, from: number): void {
  for (let done = 0; done < ram.length; ) {
    const count = readSync(segment.fd, ram, done, ram.length - done, segment.fileOffset + from + done);
    if (count === 0) {
      throw new Failure(
        'failed',
        'boot-file-changed',
        'boot: a kernel or initrd file became shorter while it was read',
      );
    }
    done += count;
  }
}

/** Firmware: what ends where the first 4 GiB do, which is never RAM. */
function isRom(segment: Segment): segment is { gpa: number; bytes: Uint8Array } {
  return 'bytes' in segment && segment.gpa + segment.bytes.length === FIRMWARE_END;
}

/** The image's firmware, if it brings one; the end of it goes into `memory` below 1 MiB, where it is entered. */
export function loadFirmware(image: BootImage, memory: GuestMemory): Uint8Array | undefined {
  const rom = image.segments.find(isRom)?.bytes;
  if (rom === undefined) return undefined;
  const shadow = rom.subarray(Math.max(0, rom.length - FIRMWARE_SHADOW_BYTES));
  invariant(memory.write(FIRMWARE_SHADOW_END - shadow.length, shadow), `${image.description}: no RAM below 1 MiB`);
  return rom;
}
