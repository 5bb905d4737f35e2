/** Whoever drives containers may end between any two steps: what then stays, and what does not. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KeeperClient } from '../../../src-main/containers/runtime/keeper/keeper-client.ts';
import { KEEPER_LOCK, KEEPER_SOCKET } from '../../../src-main/containers/runtime/keeper/protocol.ts';
import { WarmInits } from '../../../src-main/containers/runtime/keeper/warm-inits.ts';
import { LinuxRuntime } from '../../../src-main/containers/runtime/linux-runtime.ts';
import { ContainerOperations } from '../../../src-main/containers/runtime/operations.ts';
import { parseSpec } from '../../../src-main/containers/runtime/spec/config.ts';
import { need } from '../../support/need.ts';
import { blockUntilGone } from '../../support/process-end.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { Bundle, dockerLikeSpec } from './bundle.ts';

const PATIENT = { timeout: 10_000 * SLOWNESS, interval: 5 };

/** Of its first thread, in the order of their start: proc_pid_task(5). */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);

describe('who drives containers ends', () => {
  need('root', 'oci');
  const bundle = new Bundle();
  afterAll(() => bundle.dispose());
  let root = '';
  const create = (id: string) =>
    ({
      call: 'create',
      id,
      bundle: bundle.path,
      spec: parseSpec(dockerLikeSpec(['/bin/sleep', '60'])),
      io: { kind: 'null' },
    }) as const;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'bh-cut-off-'));
  });

  afterEach(async () => {
    const runtime = new LinuxRuntime(root);
    await runtime.sweep(() => false);
    await runtime.dispose();
    await expect.poll(() => existsSync(join(root, KEEPER_SOCKET)), PATIENT).toBe(false);
    rmSync(root, { recursive: true, force: true });
  });

  test('before a container is made that it asked for: it is undone', async () => {
    const client = new KeeperClient(root);
    client.ask(create('unheard')).catch(() => undefined);
    await expect.poll(() => existsSync(join(root, 'unheard')), PATIENT).toBe(true);
    await client.dispose();
    await expect.poll(() => existsSync(join(root, 'unheard')), PATIENT).toBe(false);
  });

  test('after it deleted a container, and before it told the keeper: that ends all the same', async () => {
    const client = new KeeperClient(root);
    await client.ask(create('deleted'));
    await new ContainerOperations(root, 'deleted').delete({ force: true });
    await client.dispose();
    await expect.poll(() => existsSync(join(root, KEEPER_SOCKET)), PATIENT).toBe(false);
  });

  test('a killed keeper’s container runs on, and another keeper runs programs in it', async () => {
    const runtime = new LinuxRuntime(root);
    const spec = dockerLikeSpec(['/bin/sleep', '60']);
    await runtime.create({ id: 'orphan', bundle: bundle.path, spec, io: { kind: 'null' } });
    await runtime.start('orphan');
    const keeper = Number(readFileSync(join(root, KEEPER_LOCK), 'utf8'));
    process.kill(keeper, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${keeper}`), PATIENT).toBe(false);
    await runtime.dispose();
    const next = new LinuxRuntime(root);
    const { process: program } = parseSpec(dockerLikeSpec(['/bin/sh', '-c', 'exit 5']));
    const ran = await next.exec('orphan', program!, { kind: 'null' });
    expect((await ran.wait()).code).toBe(5);
    await next.dispose();
  });

  test('an init that waits dies, and nobody has heard of it yet: another is taken', async () => {
    const inits = new WarmInits(2);
    inits.refill([]);
    try {
      const [first, second] = childrenOf(process.pid).slice(-2);
      process.kill(first!, 'SIGKILL');
      blockUntilGone(first!);
      const taken = inits.take()!;
      expect(taken.child.pid).toBe(second);
      taken.kill();
    } finally {
      inits.dispose();
    }
  });

  test('in the midst of making or deleting: a sweep takes the rest away, and leaves what is known', async () => {
    const runtime = new LinuxRuntime(root);
    const spec = dockerLikeSpec(['/bin/sleep', '60']);
    for (const id of ['known', 'unknown']) {
      await runtime.create({ id, bundle: bundle.path, spec, io: { kind: 'null' } });
    }
    for (const name of ['unfinished', '.gone-deleted-1']) mkdirSync(join(root, name));
    writeFileSync(join(root, '.gone-deleted-1/state.json'), '{}');
    await runtime.sweep((id) => id === 'known');
    expect(readdirSync(root).filter((name) => !name.startsWith('.keeper'))).toEqual(['known']);
    expect((await runtime.state('known')).status).toBe('created');
    await runtime.dispose();
  });
});
