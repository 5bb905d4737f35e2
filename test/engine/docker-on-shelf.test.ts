/**
 * Debian's docker client against the engine's server and lifecycle, with containers that are plain processes: what is
 * said and kept is ours, what the runtime and the image store do is theirs to prove.
 */
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { docker } from '../support/engine/docker-client.ts';
import { engineOnShelf } from '../support/engine/engine-on-shelf.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { temporaryHome } from '../support/temporary-home.ts';

const able = need('docker');
const { home, env } = temporaryHome();
let shelf: Awaited<ReturnType<typeof engineOnShelf>>;
let client: ReturnType<typeof docker>;
const say = (...args: string[]): Promise<string> => client.say(...args);

beforeAll(async () => {
  if (!able) return;
  shelf = await engineOnShelf(env);
  client = docker(shelf.paths.socket, home);
}, 120_000 * SLOWNESS);

afterAll(async () => {
  if (!able) return;
  for (const { id } of await shelf.runtime.list()) await shelf.runtime.delete(id, { force: true });
  shelf.engine.dispose();
});

/** The first lines of a client that would go on. */
async function firstLines(args: readonly string[], count: number): Promise<string[]> {
  const child = client.start(args);
  let text = '';
  while (text.split('\n').length <= count) {
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    text += chunk;
  }
  child.kill();
  await once(child, 'close');
  return text.split('\n').slice(0, count);
}

describe("Debian's docker client", { timeout: 60_000 * SLOWNESS }, () => {
  test('version and info', async () => {
    expect(await say('version', '--format', '{{.Server.Version}} {{.Server.MinAPIVersion}}')).toBe('1.2.3 1.24');
    expect(await say('info', '--format', '{{.ServerVersion}} {{.Driver}} {{.CgroupVersion}}')).toBe('1.2.3 overlay2 1');
  });

  test('info says which registries were called insecure, and what is wrong where that is told', async () => {
    const settings = join(home, 'registries/docker/daemon.json');
    mkdirSync(dirname(settings), { recursive: true });
    vi.stubEnv('XDG_CONFIG_HOME', join(home, 'registries'));
    try {
      writeFileSync(settings, '{"insecure-registries": ["old.example:5000", "198.51.100.0/24"]}');
      const { RegistryConfig } = JSON.parse(await say('info', '--format', '{{json .}}'));
      expect(RegistryConfig.InsecureRegistryCIDRs).toContain('198.51.100.0/24');
      expect(RegistryConfig.IndexConfigs['old.example:5000']).toMatchObject({ Secure: false });
      writeFileSync(settings, '{');
      expect((await client.run(['info'])).stderr).toContain(`WARNING: ${settings}: cannot be used: `);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('run: output, errors and the exit code come through; --rm leaves nothing', async () => {
    const ran = await client.run(['run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(ran).toEqual({ status: 3, stdout: 'out\n', stderr: 'err\n' });
    expect(await say('ps', '-aq')).toBe('');
    expect(shelf.images.prepared.size).toBe(0);
  });

  test('run -i: input reaches the process, and its end does too', async () => {
    expect(await client.run(['run', '-i', '--rm', 'busybox', 'cat'], 'typed\n')).toMatchObject({ stdout: 'typed\n' });
  });

  test('run: a command that is not there is 127, one that may not be run 126, an option refused 125', async () => {
    expect((await client.run(['run', '--rm', 'busybox', '/nowhere'])).status).toBe(127);
    expect((await client.run(['run', '--rm', 'busybox', '/etc/passwd'])).status).toBe(126);
    expect((await client.run(['run', '--rm', '--security-opt', 'apparmor=x', 'busybox', 'true'])).status).toBe(125);
  });

  test('ps, logs, exec, top, stats, inspect, rename, update, stop, start, kill, wait, rm', async () => {
    const id = await say(
      'run',
      '-d',
      '--name',
      'web',
      '-l',
      'tier=front',
      'busybox',
      'sh',
      '-c',
      'echo one; echo two; exec cat',
    );
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    // Its input is at its end at once, so cat ends too.
    expect(await say('wait', 'web')).toBe('0');
    await say('rm', 'web');
    await say(
      'run',
      '-d',
      '--name',
      'web',
      '-l',
      'tier=front',
      'busybox',
      'sh',
      '-c',
      'echo one; echo two; exec sleep 1000',
    );
    expect(await firstLines(['logs', '-f', 'web'], 2)).toEqual(['one', 'two']);
    expect(await say('logs', '--tail', '1', 'web')).toBe('two');
    expect(await say('logs', '-t', '--tail', '1', 'web')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z two$/);
    expect(await say('ps', '--filter', 'label=tier=front', '--format', '{{.Names}} {{.Image}} {{.State}}')).toBe(
      'web busybox running',
    );
    expect(await say('ps', '-q', '--filter', 'label=tier=back')).toBe('');
    expect(await client.run(['exec', '-i', 'web', 'cat'], 'piped')).toMatchObject({ stdout: 'piped', status: 0 });
    expect((await client.run(['exec', 'web', 'sh', '-c', 'exit 7'])).status).toBe(7);
    expect((await client.run(['exec', 'web', '/nowhere'])).status).toBe(127);
    expect(await say('top', 'web')).toContain('sleep 1000');
    expect(await say('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'web')).toBe('web 1');
    expect(await say('inspect', '-f', '{{.Name}} {{.State.Running}} {{json .Config.Labels}}', 'web')).toBe(
      '/web true {"tier":"front"}',
    );
    await say('pause', 'web');
    expect(await say('ps', '--format', '{{.Status}}')).toMatch(/\(Paused\)$/);
    expect((await client.run(['exec', 'web', 'true'])).stderr).toContain('is paused');
    await say('unpause', 'web');
    await say('rename', 'web', 'shop');
    await say('update', '--memory', '64m', '--memory-swap', '128m', 'shop');
    expect(shelf.runtime.updates.at(-1)).toEqual({ memory: { limit: 64 << 20, swap: 128 << 20 } });
    expect((await client.run(['rm', 'shop'])).stderr).toContain('Stop the container');
    await say('stop', 'shop');
    expect(await say('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'shop')).toBe('exited 143');
    await say('start', 'shop');
    await say('kill', 'shop');
    expect(await say('wait', 'shop')).toBe('137');
    expect((await client.run(['run', '--name', 'shop', 'busybox', 'true'])).stderr).toContain('already in use');
    expect(await say('diff', 'shop')).toBe('A /new');
    await say('rm', 'shop');
    expect((await client.run(['inspect', 'shop'])).stderr).toContain('No such object');
  });

  test('create, attach, start; a stopped one starts again attached', async () => {
    await say('create', '--name', 'late', '-i', 'busybox', 'cat');
    expect(await client.run(['start', '-ai', 'late'], 'now\n')).toMatchObject({ status: 0, stdout: 'now\n' });
    expect(await client.run(['start', '-ai', 'late'], 'again\n')).toMatchObject({ stdout: 'again\n' });
    expect(await say('logs', 'late')).toBe('now\nagain');
    await say('rm', 'late');
  });

  test('a policy restarts what failed, so often', async () => {
    await say('run', '-d', '--name', 'flaky', '--restart', 'on-failure:2', 'busybox', 'sh', '-c', 'echo try; exit 1');
    expect(await say('wait', 'flaky')).toBe('1');
    expect(await say('inspect', '-f', '{{.RestartCount}} {{.State.Status}}', 'flaky')).toBe('2 exited');
    expect(await say('logs', 'flaky')).toBe('try\ntry\ntry');
    await say('rm', 'flaky');
  });

  test('a health check tells how it is', async () => {
    const health = ['--health-cmd', 'true', '--health-interval', '100ms'];
    const events = client.start(['events', '--filter', 'event=health_status', '--format', '{{.Status}}']);
    await say('run', '-d', '--name', 'well', ...health, 'busybox', 'sleep', '1000');
    const [line] = (await once(events.stdout, 'data')) as [Buffer];
    expect(`${line}`.trim()).toBe('health_status: healthy');
    events.kill();
    expect(await say('ps', '--format', '{{.Status}}')).toMatch(/\(healthy\)$/);
    await say('rm', '-f', 'well');
  });

  test('volumes: named ones stay, anonymous ones go with rm -v', async () => {
    await say('volume', 'create', '--label', 'a=b', 'kept');
    await say('run', '--name', 'user', '-v', 'kept:/data', '-v', '/anon', 'busybox', 'true');
    expect((await say('volume', 'ls', '-q')).split('\n').length).toBe(2);
    expect((await client.run(['volume', 'rm', 'kept'])).stderr).toContain('volume is in use');
    expect(await say('inspect', '-f', '{{len .Mounts}}', 'user')).toBe('2');
    await say('rm', '-v', 'user');
    expect(await say('volume', 'ls', '-q')).toBe('kept');
    expect(await say('volume', 'inspect', '-f', '{{.Labels.a}}', 'kept')).toBe('b');
    await say('volume', 'prune', '-f', '--filter', 'label=a=b');
    await say('volume', 'rm', '-f', 'kept');
  });

  test('events tell a life in its order', async () => {
    const from = `${Math.floor(Date.now() / 1000)}`;
    await say('run', '--rm', '--name', 'short', 'busybox', 'true');
    const told = await firstLines(
      ['events', '--since', from, '--filter', 'container=short', '--format', '{{.Action}}'],
      5,
    );
    expect(told).toEqual(['create', 'attach', 'start', 'die', 'destroy']);
  });

  test('what is not in this release is refused by name', async () => {
    expect((await client.run(['swarm', 'init'])).stderr).toContain('not in this release');
  });

  test('a container outlives its engine, and is found again with its log and its exit code', async () => {
    await say('run', '-d', '--name', 'stays', 'busybox', 'sh', '-c', 'echo before; exec sleep 1000');
    expect(await firstLines(['logs', '-f', 'stays'], 1)).toEqual(['before']);
    await say('run', '--name', 'over', 'busybox', 'sh', '-c', 'echo done; exit 9').catch(() => undefined);
    shelf.engine.dispose();
    shelf = { ...shelf, ...(await engineOnShelf(env, shelf.runtime)) };
    expect(await say('ps', '--format', '{{.Names}} {{.State}}')).toBe('stays running');
    expect(await say('logs', 'stays')).toBe('before');
    expect(await say('inspect', '-f', '{{.State.ExitCode}}', 'over')).toBe('9');
    expect(await say('logs', 'over')).toBe('done');
    await say('stop', 'stays');
    expect(await say('container', 'prune', '-f')).toContain('Deleted Containers');
    expect(await say('ps', '-aq')).toBe('');
  });

  test('a second engine of the same user is refused', async () => {
    await expect(engineOnShelf(env)).rejects.toMatchObject({ code: 'engine-running' });
  });
});
