import { readSync } from 'node:fs';
import { Failure, type FailureRecord, invariant } from '../../base/failure.ts';
import type { BootImage, Entry, Segment } from '../../boot/boot-image.ts';
import { FIRMWARE_END, FIRMWARE_SHADOW_BYTES, FIRMWARE_SHADOW_END } from '../../vmm/layout.ts';

/** A boot image as it travels to the engine's thread. Its fds are valid there too, as long as the image is kept open. */
export interface LoadPlan {
  readonly segments: readonly Segment[];
  readonly entry: Entry;
}

/** What the VM host's main thread asks of the engine's thread, in order. */
export type Order = { readonly id: number } & (
  | { readonly kind: 'load'; readonly plan: LoadPlan }
  | { readonly kind: 'reset' }
);

/** An order's outcome. */
export interface Report {
  readonly id: number;
  readonly failure?: FailureRecord;
}

/** The load a thread finds waiting at its start; nobody awaits its outcome. */
export const FIRST_LOAD = 0;

/** Firmware beyond RAM, which ends at 4 GiB. */
export interface Rom {
  readonly gpa: number;
  readonly bytes: Uint8Array;
}

export function loadPlan(image: BootImage): LoadPlan {
  invariant(image.entry.mode !== 'long64', 'translating accelerator: asked for a long-mode entry');
  return { segments: image.segments, entry: image.entry };
}

/** Puts the plan's segments into `ram`; what lies beyond it must be firmware, and is returned. */
export function placeSegments(plan: LoadPlan, ram: Uint8Array): Rom[] {
  const roms: Rom[] = [];
  for (const segment of plan.segments) {
    const length = 'bytes' in segment ? segment.bytes.length : segment.length;
    if (segment.gpa + length <= ram.length) {
      fill(ram.subarray(segment.gpa, segment.gpa + length), segment);
      continue;
    }
    invariant(
      segment.gpa >= ram.length && segment.gpa + length === FIRMWARE_END,
      'boot image: a segment is outside RAM',
    );
    const bytes = new Uint8Array(length);
    fill(bytes, segment);
    const shadow = bytes.subarray(Math.max(0, length - FIRMWARE_SHADOW_BYTES));
    ram.set(shadow, FIRMWARE_SHADOW_END - shadow.length);
    roms.push({ gpa: segment.gpa, bytes });
  }
  return roms;
}

function fill(target: Uint8Array, segment: Segment): void {
  if ('bytes' in segment) {
    target.set(segment.bytes);
    return;
  }
  let done = 0;
  while (done < target.length) {
    const count = readSync(segment.fd, target, done, target.length - done, segment.fileOffset + done);
    if (count === 0) {
      const facts = { expected: segment.length, actual: done };
      throw new Failure('host', 'boot-file-shrank', 'boot file: it became shorter while it was read', { facts });
    }
    done += count;
  }
}
