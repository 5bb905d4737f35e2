import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinuxRuntime } from '../../src-main/containers/runtime/linux-runtime.ts';
import { Bundle, dockerLikeSpec } from '../engine/runtime/bundle.ts';
import { type Figure, inTurn } from './figure.ts';
import { refereesFor } from './referees.ts';

const RUNS = 3;
const CONTAINERS = 100;
const NAME = 'hundred-containers-against-runc';

/** A hundred containers of /bin/true begun at once, until all have run and are gone: our runtime against `runc run`. */
export async function benchManyContainers(): Promise<Figure[]> {
  if (!refereesFor(NAME, 'runc')) return [];
  const bundle = new Bundle();
  const root = mkdtempSync(join(tmpdir(), 'bulkhead-bench-'));
  const runtime = new LinuxRuntime(root);
  try {
    bundle.write(dockerLikeSpec(['/bin/true']));
    const figures = await inTurn(
      RUNS,
      (run) => allAtOnce(runtime, bundle.path, run),
      (run) => allByRunc(bundle.path, run),
    );
    return [{ name: NAME, unit: 'ms', ...figures }];
  } finally {
    await runtime.dispose();
    bundle.dispose();
    rmSync(root, { recursive: true, force: true });
  }
}

async function allAtOnce(runtime: LinuxRuntime, bundle: string, run: number): Promise<number> {
  const one = async (number: number): Promise<void> => {
    const id = `bench-${process.pid}-${run}-${number}`;
    await runtime.create({ id, bundle, spec: dockerLikeSpec(['/bin/true']), io: { kind: 'null' } });
    await runtime.start(id);
    await runtime.wait(id);
    await runtime.delete(id);
  };
  const begin = performance.now();
  await Promise.all(Array.from({ length: CONTAINERS }, (_, number) => one(number)));
  return performance.now() - begin;
}

const ALL = `
begin=$(date +%s%N)
for number in $(seq $3); do runc run --bundle $1 $2-$number </dev/null >/dev/null & done
wait
echo $((($(date +%s%N) - begin) / 1000))`;

function allByRunc(bundle: string, run: number): number {
  const { ELECTRON_RUN_AS_NODE: _asNode, ...env } = process.env;
  const args = ['-c', ALL, 'all', bundle, `bench-${process.pid}-${run}`, `${CONTAINERS}`];
  return Number(execFileSync('bash', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] })) / 1000;
}
