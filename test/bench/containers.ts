import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinuxRuntime } from '../../src-main/containers/runtime/linux-runtime.ts';
import { Bundle, dockerLikeSpec } from '../engine/runtime/bundle.ts';
import { repositoryRoot } from '../support/repository.ts';
import type { Figure } from './figure.ts';
import { refereesFor } from './referees.ts';

const RUNS = 12;

/**
 * create, start, wait and delete of /bin/true in a bundle as Docker makes it: ours as our engine drives it, and by our
 * own command line, against `runc run` and `crun run`.
 */
export async function benchContainers(): Promise<Figure[]> {
  if (!refereesFor('containers', 'runc', 'crun', 'unshare')) return [];
  const bundle = new Bundle();
  const root = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'));
  const runtime = new LinuxRuntime(root);
  bundle.write(dockerLikeSpec(['/bin/true']));
  const times = { ours: [] as number[], runc: [] as number[], crun: [] as number[], commands: [] as number[] };
  try {
    for (let run = 0; run <= RUNS; run++) {
      const took = {
        ours: await inEngine(runtime, bundle.path, run),
        runc: await byCommands('runc', bundle.path, run),
        crun: await byCommands('crun', bundle.path, run),
        commands: await byCommands(join(repositoryRoot, 'bulkhead-runtime'), bundle.path, run),
      };
      if (run === 0) continue;
      for (const name of ['ours', 'runc', 'crun', 'commands'] as const) times[name].push(took[name]);
    }
    return [
      { name: 'containers-against-runc', unit: 'ms', ours: times.ours, reference: times.runc },
      { name: 'containers-against-crun', unit: 'ms', ours: times.ours, reference: times.crun },
      { name: 'containers-command-line-against-runc', unit: 'ms', ours: times.commands, reference: times.runc },
    ];
  } finally {
    await runtime.dispose();
    bundle.dispose();
    rmSync(root, { recursive: true, force: true });
  }
}

async function inEngine(runtime: LinuxRuntime, bundle: string, run: number): Promise<number> {
  const begin = performance.now();
  const id = `bench-${process.pid}-${run}`;
  await runtime.create({ id, bundle, spec: dockerLikeSpec(['/bin/true']), io: { kind: 'null' } });
  await runtime.start(id);
  await runtime.wait(id);
  await runtime.delete(id);
  return performance.now() - begin;
}

/** All four steps by one process of theirs, which is the quickest they can; the shell only looks at the clock. */
const CYCLE = `
[ "$1" != crun ] || umount /sys/fs/cgroup/unified 2>/dev/null
begin=$(date +%s%N)
$1 run --bundle $2 $3 </dev/null || exit 1
echo $((($(date +%s%N) - begin) / 1000))`;

async function byCommands(command: string, bundle: string, run: number): Promise<number> {
  const { ELECTRON_RUN_AS_NODE: _asNode, ...env } = process.env;
  const id = `bench-${process.pid}-${run}`;
  const args = ['-m', '--propagation', 'private', 'bash', '-c', CYCLE, 'cycle', command, bundle, id];
  return Number(execFileSync('unshare', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] })) / 1000;
}
