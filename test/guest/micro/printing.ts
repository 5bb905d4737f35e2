import { printer } from './kernels.ts';

/** The printer with its count set. */
export function printing(bytes: number): Uint8Array {
  const code = Buffer.from(printer);
  code.writeUInt32LE(bytes / 16, code.indexOf(Buffer.of(0x11, 0x11, 0x11, 0x11)));
  return code;
}

/** What it prints. */
export function pattern(bytes: number): Buffer {
  const pattern = Buffer.alloc(bytes);
  for (let i = 0; i < bytes; i++) pattern[i] = i & 0xff;
  return pattern;
}
