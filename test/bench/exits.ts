import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MicroVm } from '../support/micro-vm.ts';
import type { Figure } from './figure.ts';
import { repositoryRoot } from './repository.ts';

const COUNT = 20_000;
const RUNS = 25;
const CODE = 0x1000;

/** mov ecx, count; again: out 0x80, al; dec ecx; jnz again; out 0xf8, al; hlt */
const portLoop = (count: number): Uint8Array =>
  Uint8Array.of(0xb9, ...littleEndian(count), 0xe6, 0x80, 0x49, 0x75, 0xfb, 0xe6, 0xf8, 0xf4);

/** mov ecx, count; again: mov [0xd0000000], al; dec ecx; jnz again; out 0xf8, al; hlt */
const mmioLoop = (count: number): Uint8Array =>
  Uint8Array.of(0xb9, ...littleEndian(count), 0xa2, 0, 0, 0, 0xd0, 0x49, 0x75, 0xf8, 0xe6, 0xf8, 0xf4);

function littleEndian(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** Exits per run through the shipping loop and bus, against the same guest under a C loop, in turn. */
export function benchExits(): Figure[] {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'));
  try {
    const reference = join(folder, 'exits');
    execFileSync('gcc', ['-O2', '-o', reference, join(repositoryRoot, 'test/bench/reference/exits.c')]);
    return [
      figure('exits-port-io', 'port', portLoop(COUNT), reference),
      figure('exits-mmio', 'mmio', mmioLoop(COUNT), reference),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function figure(name: string, kind: 'port' | 'mmio', code: Uint8Array, reference: string): Figure {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run < RUNS + 1; run++) {
    const own = runOurs(code) / COUNT;
    const other = Number(execFileSync(reference, [kind, String(COUNT)], { encoding: 'utf8' })) / COUNT;
    if (run === 0) continue;
    ours.push(own);
    theirs.push(other);
  }
  return { name, unit: 'ns/exit', ours, reference: theirs };
}

/** Nanoseconds from the first entry to the guest's last exit. */
function runOurs(code: Uint8Array): number {
  using vm = MicroVm.create({ memoryBytes: 2 << 20 });
  vm.load(code, CODE);
  const begin = process.hrtime.bigint();
  vm.run();
  return Number(process.hrtime.bigint() - begin);
}
