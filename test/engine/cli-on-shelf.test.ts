import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliSession } from '../support/cli-session.ts';
import { engineOnShelf } from '../support/engine/engine-on-shelf.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { temporaryHome } from '../support/temporary-home.ts';

const { env, home } = temporaryHome();
let shelf: Awaited<ReturnType<typeof engineOnShelf>>;

beforeAll(async () => {
  shelf = await engineOnShelf(env);
});

afterAll(async () => {
  for (const { id } of await shelf.runtime.list()) await shelf.runtime.delete(id, { force: true });
  shelf.engine.dispose();
});

const bulkhead = (argv: readonly string[], input?: string) =>
  new CliSession(argv, env, input === undefined ? {} : { input }).finished;

describe('bulkhead, as a client of the engine', { timeout: 30_000 * SLOWNESS }, () => {
  test('engine status says where it listens', async () => {
    const { stdout } = await bulkhead(['engine', 'status', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      running: true,
      socket: shelf.paths.socket,
      apiVersion: '1.47',
      pid: process.pid,
    });
  });

  test("run ends with the container's own exit code, its streams apart", async () => {
    const ran = await bulkhead(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 42']);
    expect(ran).toEqual({ status: 42, stdout: 'out\n', stderr: 'err\n' });
    expect(await bulkhead(['run', '-i', '--rm', 'busybox', 'cat'], 'typed')).toMatchObject({
      status: 0,
      stdout: 'typed',
    });
  });

  test('options reach the container as Docker spells them', async () => {
    const wishes = ['-e', 'A=b', '-w', '/', '-u', '7:8', '-l', 'x=y', '-m', '64M', '--cpus', '1.5', '--read-only'];
    wishes.push('--device', '/dev/zero:/dev/naught:r', '--device', '/dev/full:rw');
    await bulkhead(['run', '--name', 'wishes', ...wishes, '--cap-drop', 'ALL', '-v', '/tmp:/t:ro', 'busybox', 'true']);
    const { spec } = shelf.runtime.created.at(-1)!;
    expect(spec.process).toMatchObject({ cwd: '/', user: { uid: 7, gid: 8 }, capabilities: { bounding: [] } });
    expect(spec.process?.env).toContain('A=b');
    expect(spec.root.readonly).toBe(true);
    expect(spec.linux?.resources).toMatchObject({ memory: { limit: 64 << 20 }, cpu: { quota: 150_000 } });
    expect(spec.mounts?.find(({ destination }) => destination === '/t')?.options).toContain('ro');
    const numbers = spec.linux?.devices?.map(({ path, major, minor }) => [path, major, minor]);
    expect(numbers).toEqual([
      ['/dev/naught', 1, 5],
      ['/dev/full', 1, 7],
    ]);
    const rules = spec.linux?.resources?.devices?.slice(-2).map(({ minor, access }) => [minor, access]);
    expect(rules).toEqual([
      [5, 'r'],
      [7, 'rw'],
    ]);
    const refused = await bulkhead(['run', '--device', 'zero', 'busybox', 'true']);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('--device zero: expected /dev/NAME') });
    expect((await bulkhead(['rm', 'wishes'])).stdout).toBe('wishes\n');
  });

  test('ps, exec, logs, inspect, stop, wait, rm', async () => {
    const { stdout: id } = await bulkhead([
      'run',
      '-d',
      '--name',
      'web',
      'busybox',
      'sh',
      '-c',
      'echo one; exec sleep 1000',
    ]);
    expect(JSON.parse((await bulkhead(['ps', '--json'])).stdout)).toMatchObject([
      { id: id.trim(), name: 'web', image: 'busybox', state: 'running' },
    ]);
    expect((await bulkhead(['ps'])).stdout).toMatch(/^ID +NAME +IMAGE +STATE/);
    expect(await bulkhead(['exec', '-i', 'web', 'sh', '-c', 'cat; exit 5'], 'hi')).toEqual({
      status: 5,
      stdout: 'hi',
      stderr: '',
    });
    expect((await bulkhead(['logs', 'web'])).stdout).toBe('one\n');
    expect(JSON.parse((await bulkhead(['inspect', 'web'])).stdout)).toMatchObject([
      { Name: '/web', State: { Running: true } },
    ]);
    expect(await bulkhead(['rm', 'web'])).toMatchObject({ status: 4 });
    expect(await bulkhead(['stop', 'web'])).toMatchObject({ status: 0, stdout: 'web\n' });
    expect((await bulkhead(['wait', 'web'])).stdout).toBe('143\n');
    expect(await bulkhead(['rm', 'web'])).toMatchObject({ status: 0 });
    expect(await bulkhead(['inspect', 'web'])).toMatchObject({ status: 3 });
  });

  test('images and volumes', async () => {
    expect(JSON.parse((await bulkhead(['images', '--json'])).stdout)).toMatchObject([
      { names: ['busybox:latest'], size: 100 },
    ]);
    expect((await bulkhead(['volume', 'create', 'kept'])).stdout).toBe('kept\n');
    expect(JSON.parse((await bulkhead(['volume', 'ls', '--json'])).stdout)).toMatchObject([{ name: 'kept' }]);
    expect(await bulkhead(['volume', 'rm', 'kept'])).toMatchObject({ status: 0, stdout: 'kept\n' });
    expect(await bulkhead(['volume', 'rm', 'kept'])).toMatchObject({ status: 3 });
  });

  test('login asks for the password where nobody can read it over a shoulder', async () => {
    const session = new CliSession(['login', 'r.example'], { ...env, HOME: home }, { terminal: true });
    session.stdin.write('ann\n');
    await expect.poll(() => session.stderr).toContain('password: ');
    session.stdin.write('secret\n');
    expect((await session.finished).status).toBe(0);
    expect(session.stderr).not.toContain('secret');
    expect(shelf.images.logins).toEqual([{ registry: 'r.example', auth: { username: 'ann', password: 'secret' } }]);
    expect(readFileSync(join(home, '.docker/config.json'), 'utf8')).toContain(btoa('ann:secret'));
    expect(await bulkhead(['login', 'r.example'], '')).toMatchObject({ status: 2 });
    const left = new CliSession(['login', 'r.example'], { ...env, HOME: home }, { terminal: true });
    left.stdin.write('ann\n');
    await expect.poll(() => left.stderr).toContain('password: ');
    left.stdin.write('\x03');
    expect(await left.finished).toMatchObject({ status: 1, stderr: expect.stringContaining('not answered') });
    expect(shelf.images.logins).toHaveLength(1);
  });

  test('errors have the form of all errors', async () => {
    expect(await bulkhead(['start', 'nobody'])).toMatchObject({
      status: 3,
      stderr: 'error: No such container: nobody\n',
    });
    expect(await bulkhead(['run', '--cpus', 'many', 'busybox'])).toMatchObject({ status: 2 });
    expect(await bulkhead(['build', '.'])).toMatchObject({ status: 2, stderr: 'error: build: not in this release\n' });
    expect((await bulkhead(['run', 'nosuch'])).status).toBe(1);
  });
});
