import { readFileSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import { FIRMWARE_END } from '../../vmm/layout.ts';
import type { BootImage } from '../boot-image.ts';

/** Whole blocks of 64 KiB, as flash parts of that time come, and what a machine leaves room for. */
const ROM_UNIT = 64 * 1024;
const ROM_BYTES_MAX = 256 * 1024;

/** The firmware at `path` as a ROM that ends at 4 GiB, entered as after power-on. */
export function planFirmware(path: string, description: string): BootImage {
  const bytes = readRom(path);
  if (bytes.length === 0 || bytes.length % ROM_UNIT !== 0 || bytes.length > ROM_BYTES_MAX) {
    throw new Failure('host', 'firmware-damaged', `firmware ${path}: ${bytes.length} bytes are no PC firmware`, {
      hint: 'install Bulkhead again',
    });
  }
  return {
    description,
    segments: [{ gpa: FIRMWARE_END - bytes.length, bytes }],
    entry: { mode: 'reset-vector' },
    dispose: () => {},
  };
}

function readRom(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    throw new Failure('host', 'firmware-missing', `firmware ${path}: ${(cause as Error).message}`, {
      hint: 'install Bulkhead again',
      cause,
    });
  }
}
