import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Failure } from '../../base/failure.ts';

let compiled: WebAssembly.Module | undefined;

/**
 * v86's engine: its CPU, PIC, LAPIC, IOAPIC and translator, compiled once per thread. Read as bytes, so that it is found
 * inside an asar archive too. v86 0.5.462, build/v86.wasm.
 */
export function engineModule(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(engineBytes());
  return compiled;
}

function engineBytes(): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(createRequire(import.meta.url).resolve('v86/build/v86.wasm')));
  } catch (error) {
    throw new Failure('host', 'translator-missing', 'translating accelerator: v86.wasm is not where it was installed', {
      hint: 'install Bulkhead again',
      cause: error,
    });
  }
}
