import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { StartupStep } from '../../src-main/vmm/machine/startup-times.ts';
import { idle } from '../guest/micro/kernels.ts';
import { repositoryRoot } from '../support/repository.ts';
import { BenchHome } from './bench-home.ts';
import type { Figure } from './figure.ts';

const RUNS = 9;

const run = promisify(execFile);

/**
 * From the command `bulkhead vm start` to the guest's first instruction, step by step. The budget is 300 ms. The reference
 * is what no code of ours can save: an empty program under the same runtime, once for the command line, once for the VM host.
 */
export async function benchStartup(): Promise<Figure[]> {
  const home = new BenchHome();
  try {
    const id = home.microMachine('startup', idle);
    const samples = new Map<string, number[]>();
    const add = (name: string, ms: number): void => void samples.set(name, [...(samples.get(name) ?? []), ms]);
    const floor: number[] = [];
    for (let round = 0; round < RUNS + 1; round++) {
      const empty = await emptyStart();
      const begin = performance.timeOrigin + performance.now();
      await run(join(repositoryRoot, 'bulkhead'), ['vm', 'start', id], { env: home.env });
      const report = (await home.fleet.query(id, 'x-query-machine')) as { startup: StartupStep[]; orderedAtMs: number };
      await home.fleet.kill(id);
      if (round === 0) continue;
      floor.push(empty);
      const inHost = report.startup.reduce((sum, { ms }) => sum + ms, 0);
      add('startup-total', report.orderedAtMs - begin + inHost);
      add('startup-command-line', report.orderedAtMs - begin);
      for (const { step, ms } of report.startup) add(`startup-${step}`, ms);
    }
    const reference: Record<string, readonly number[]> = {
      'startup-total': floor.map((ms) => 2 * ms),
      'startup-command-line': floor,
      'startup-process': floor,
    };
    return [...samples].map(([name, ours]) => ({
      name,
      unit: 'ms',
      ours,
      ...(reference[name] && { reference: reference[name] }),
    }));
  } finally {
    await home.close();
  }
}

/** How long the runtime of the command line takes over a program that does nothing, in milliseconds. */
async function emptyStart(): Promise<number> {
  const begin = performance.now();
  await run('node', ['-e', '0']);
  return performance.now() - begin;
}
