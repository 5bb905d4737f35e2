import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { microKernel } from '../support/micro-kernel.ts';
import { MicroVm } from '../support/micro-vm.ts';
import { repositoryRoot } from '../support/repository.ts';
import { type Figure, inTurn } from './figure.ts';

const COUNT = 20_000;
const RUNS = 25;
/** Exits that QEMU's start vanishes beside, by the difference of two counts; and how often. */
const QEMU_COUNTS = [10_000, 110_000] as const;
const QEMU_RUNS = 5;
const CODE = 0x1000;

/** mov ecx, count; again: out 0x80, al; dec ecx; jnz again; out 0xf8, al; hlt */
const portLoop = (count: number): Uint8Array =>
  Uint8Array.of(0xb9, ...littleEndian(count), 0xe6, 0x80, 0x49, 0x75, 0xfb, 0xe6, 0xf8, 0xf4);

/** mov ecx, count; again: mov [0xd8000000], al; dec ecx; jnz again; out 0xf8, al; hlt */
const mmioLoop = (count: number): Uint8Array =>
  Uint8Array.of(0xb9, ...littleEndian(count), 0xa2, 0, 0, 0, 0xd8, 0x49, 0x75, 0xf8, 0xe6, 0xf8, 0xf4);

function littleEndian(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/**
 * The time of an exit through the shipping loop and bus against the same guest under a C loop that does nothing else, and
 * under QEMU's `-accel kvm`, in turn.
 */
export async function benchExits(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'));
  try {
    const reference = join(folder, 'exits');
    execFileSync('gcc', ['-O2', '-o', reference, join(repositoryRoot, 'test/bench/reference/exits.c')]);
    const figures = [
      await figure('exits-port-io', 'port', portLoop(COUNT), reference),
      await figure('exits-mmio', 'mmio', mmioLoop(COUNT), reference),
    ];
    const obstacle = qemuObstacle(folder);
    if (obstacle !== undefined) {
      process.stderr.write(`bench exits: without QEMU's figures: ${obstacle}\n`);
      return figures;
    }
    return [
      ...figures,
      qemuFigure('exits-port-io-qemu', portLoop, folder),
      qemuFigure('exits-mmio-qemu', mmioLoop, folder),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function figure(name: string, kind: 'port' | 'mmio', code: Uint8Array, reference: string): Promise<Figure> {
  const figures = await inTurn(
    RUNS,
    () => runOurs(code) / COUNT,
    () => Number(execFileSync(reference, [kind, String(COUNT)], { encoding: 'utf8' })) / COUNT,
  );
  return { name, unit: 'ns/exit', ...figures };
}

/** Why QEMU cannot be measured here: it is missing, or this KVM is not one it can use. */
function qemuObstacle(folder: string): string | undefined {
  try {
    runQemu(portLoop(1), folder);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function qemuFigure(name: string, loop: (count: number) => Uint8Array, folder: string): Figure {
  const [few, many] = QEMU_COUNTS;
  const each = (run: (count: number) => number): number => (run(many) - run(few)) / (many - few);
  const rounds = Array.from({ length: QEMU_RUNS }, () => ({
    own: each((count) => runOurs(loop(count))),
    other: each((count) => runQemu(loop(count), folder)),
  }));
  return { name, unit: 'ns/exit', ours: rounds.map(({ own }) => own), reference: rounds.map(({ other }) => other) };
}

/** Nanoseconds QEMU's smallest machine takes with the code as its kernel, which ends it by a write to port 0xf8. */
function runQemu(code: Uint8Array, folder: string): number {
  const kernel = join(folder, 'kernel');
  writeFileSync(kernel, microKernel(code));
  const machine = ['-M', 'microvm', '-accel', 'kvm', '-cpu', 'host', '-m', '16', '-nodefaults', '-no-user-config'];
  const devices = ['-display', 'none', '-device', 'isa-debug-exit,iobase=0xf8,iosize=1', '-kernel', kernel];
  const begin = process.hrtime.bigint();
  const { status, stderr, error } = spawnSync('qemu-system-x86_64', [...machine, ...devices], { timeout: 120_000 });
  if (error !== undefined) throw error;
  // isa-debug-exit ends QEMU with an odd status.
  if (status === null || status % 2 === 0) throw new Error(`QEMU ended: ${String(stderr).trim() || status}`);
  return Number(process.hrtime.bigint() - begin);
}

/** Nanoseconds from the first entry to the guest's last exit. */
function runOurs(code: Uint8Array): number {
  using vm = MicroVm.create({ memoryBytes: 2 << 20 });
  vm.load(code, CODE);
  const begin = process.hrtime.bigint();
  vm.run();
  return Number(process.hrtime.bigint() - begin);
}
