import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RealEngine } from '../support/engine/real-engine.ts';
import { repositoryRoot } from '../support/repository.ts';
import { type Figure, inTurn } from './figure.ts';
import { refereesFor } from './referees.ts';

const RUNS = 9;
const NAME = 'run-against-podman';

/** `run --rm` of a program that does nothing, by the command lines: ours with its engine running, against Debian's podman. */
export async function benchPodman(): Promise<Figure[]> {
  if (!refereesFor(NAME, 'podman', 'busybox', 'apt-get')) return [];
  const home = mkdtempSync(join(tmpdir(), 'bh-bench-'));
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  const { ELECTRON_RUN_AS_NODE: _asNode, ...inherited } = process.env;
  const env = { ...inherited, XDG_DATA_HOME: join(home, 'data'), XDG_RUNTIME_DIR: join(home, 'run') };
  const engine = new RealEngine(home, env);
  try {
    await engine.start();
    await engine.importBusybox();
    const archive = join(home, 'busybox.tar');
    await engine.client.say('save', '-o', archive, 'busybox');
    podman(home, env, `${PODMAN} load -q -i $2`, archive);
    const figures = await inTurn(
      RUNS,
      () => ownRun(env),
      () => Number(podman(home, env, TIMED)) / 1000,
    );
    return [{ name: NAME, unit: 'ms', ...figures }];
  } finally {
    await engine.dispose();
    rmSync(home, { recursive: true, force: true });
  }
}

function ownRun(env: NodeJS.ProcessEnv): number {
  const begin = performance.now();
  execFileSync(join(repositoryRoot, 'bulkhead'), ['run', '--rm', '--network', 'none', 'busybox', 'true'], { env });
  return performance.now() - begin;
}

/** A store of its own; limits that a computer where root may not raise them has as well. */
const PODMAN = 'podman --root $1/podman --runroot $1/podman-run --cgroup-manager cgroupfs --events-backend none';
const TIMED = `
begin=$(date +%s%N)
${PODMAN} run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 busybox true || exit 1
echo $((($(date +%s%N) - begin) / 1000))`;

/** Where version 2 of cgroups has a place beside version 1, crun wants it away. */
function podman(home: string, env: NodeJS.ProcessEnv, script: string, ...args: readonly string[]): string {
  const whole = `umount /sys/fs/cgroup/unified 2>/dev/null\n${script}`;
  const argv = ['-m', '--propagation', 'private', 'bash', '-c', whole, 'podman', home, ...args];
  return execFileSync('unshare', argv, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'inherit'] });
}
