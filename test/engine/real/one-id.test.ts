/** The engine of an ordinary user without subordinate ids: user_namespaces(7) gives it one user and one group. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importBusybox } from '../../support/engine/busybox-image.ts';
import { OneIdEngine } from '../../support/engine/one-id-engine.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';

describe('a user who has one id, and no cgroup', { timeout: 120_000 * SLOWNESS }, () => {
  if (!need('root', 'docker', 'rootless')) return test('needs root, docker and rootless', () => undefined);
  const engine = new OneIdEngine();
  const { client } = engine;
  const { say } = client;

  beforeAll(async () => {
    await engine.start();
    // root is in groups that are not there, as in many images.
    await importBusybox(client, { group: 'root:x:0:\nbin:x:1:root\nwheel:x:10:root\n' });
  }, 60_000 * SLOWNESS);
  afterAll(() => engine.dispose(), 60_000 * SLOWNESS);

  test('an image with root alone runs: as the user outside, with a network, a terminal and a volume', async () => {
    expect(await say('run', '--rm', 'busybox', 'id', '-u')).toBe('0');
    expect(await say('run', '--rm', 'busybox', 'cat', '/proc/self/uid_map')).toMatch(/^0 +\d+ +1$/);
    expect(await say('run', '--rm', '-t', 'busybox', 'stat', '-c', '%u', '/dev/pts/0')).toBe('0');
    expect(await say('run', '--rm', '-v', 'kept:/data', 'busybox', 'sh', '-c', 'id >/data/it; cat /data/it')).toMatch(
      /^uid=0/,
    );
    await say('run', '-d', '--name', 'web', '-p', '80', 'busybox', 'sh', '-c', 'echo page >/www/it; httpd -f -h /www');
    const [, port = ''] = /:(\d+)/.exec(await say('port', 'web', '80')) ?? [];
    const until = 'until wget -qO- http://127.0.0.1/it; do sleep 0.1; done';
    expect(await say('exec', 'web', 'sh', '-c', until)).toBe('page');
    expect(await (await fetch(`http://127.0.0.1:${port}/it`)).text()).toBe('page\n');
    expect(await say('exec', 'web', 'id', '-u')).toBe('0');
    const { uid } = statSync(engine.home);
    const pid = await say('inspect', '-f', '{{.State.Pid}}', 'web');
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(new RegExp(`^Uid:\\t${uid}\\t`, 'm'));
    await say('rm', '-f', 'web');
  });

  test('networks of one’s own: names, published ports, a network more, and an engine that was killed', async () => {
    await say('network', 'create', 'front');
    await say('network', 'create', '--internal', 'back');
    const serve = 'echo page >/www/it; httpd -f -h /www';
    await say('run', '-d', '--name', 'web', '--network', 'front', '-p', '80', 'busybox', 'sh', '-c', serve);
    const port = (): Promise<string> => say('port', 'web', '80').then((text) => /:(\d+)/.exec(text)?.[1] ?? '');
    const published = await port();
    const page = async (host: string): Promise<string> => (await fetch(`http://${host}:${published}/it`)).text();
    const reached = async (network: string): Promise<boolean> => {
      const { stdout } = await client.run([
        'run',
        '--rm',
        '--network',
        network,
        'busybox',
        'ping',
        '-c1',
        '-W5',
        'web',
      ]);
      return stdout.includes(' 1 packets received');
    };
    expect(await reached('front')).toBe(true);
    expect(engine.runs('pas')).toBe(true);
    for (const host of ['127.0.0.1', '[::1]']) expect(await page(host)).toBe('page\n');
    expect(await reached('back')).toBe(false);
    await say('network', 'connect', 'back', 'web');
    expect(await reached('back')).toBe(true);
    expect((await client.run(['network', 'connect', 'bridge', 'web'])).stderr).toContain('networks of one’s own');

    await engine.restart();
    expect(await port()).toBe(published);
    expect(await page('127.0.0.1')).toBe('page\n');
    expect(await reached('front')).toBe(true);
    await say('network', 'disconnect', 'back', 'web');
    expect(await reached('back')).toBe(false);

    await say('rm', '-f', 'web');
    await say('network', 'rm', 'front', 'back');
    await expect.poll(() => engine.runs('pas')).toBe(false);
  });

  test('files come in and out as that user’s', { tags: ['long'] }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bh-files-'));
    try {
      writeFileSync(join(folder, 'in'), 'carried');
      await say('run', '-d', '--name', 'files', 'busybox', 'sleep', '1000');
      await say('cp', join(folder, 'in'), 'files:/tmp/it');
      expect(await say('exec', 'files', 'sh', '-c', 'stat -c %u:%g /tmp/it; cat /tmp/it')).toBe('0:0\ncarried');
      await say('cp', 'files:/tmp/it', join(folder, 'out'));
      expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('carried');
    } finally {
      rmSync(folder, { recursive: true });
      await say('rm', '-f', 'files');
    }
  });

  test('a container that cannot be paused is committed while it runs on', async () => {
    await say('run', '-d', '--name', 'base', 'busybox', 'sh', '-c', 'echo made >/made; exec sleep 1000');
    await say('exec', 'base', 'sh', '-c', 'until test -s /made; do sleep 0.1; done');
    await say('commit', 'base', 'more');
    expect(await say('run', '--rm', 'more', 'cat', '/made')).toBe('made');
    expect((await client.run(['pause', 'base'])).stderr).toContain('need a cgroup');
    await say('rm', '-f', 'base');
  });

  test('figures come from the processes where no cgroup counts; of a container that does not run there are none', async () => {
    const fill = 'dd if=/dev/zero of=/tmp/file bs=1M count=8; (while :; do :; done) & exec sleep 1000';
    await say('run', '-d', '--name', 'busy', 'busybox', 'sh', '-c', fill);
    await say('exec', 'busy', 'sh', '-c', 'until test "$(stat -c %s /tmp/file)" = 8388608; do sleep 0.1; done');
    const format = '{{.CPUPerc}} {{.MemUsage}} {{.PIDs}}';
    const shown = await say('stats', '--no-stream', '--format', format, 'busy');
    const [, cpu, used, limit, pids] = /^([\d.]+)% ([\d.]+)\w+ \/ ([\d.]+)\w+ (\d+)$/.exec(shown) ?? [];
    for (const figure of [cpu, used, limit]) expect(Number(figure), shown).toBeGreaterThan(0);
    expect(Number(pids)).toBeGreaterThanOrEqual(2);
    const rows = JSON.parse(await engine.bulkhead('stats', '--json', 'busy'));
    expect(rows).toMatchObject([{ name: 'busy', processes: Number(pids) }]);
    expect(rows[0].memoryBytes).toBeGreaterThan(0);
    await say('kill', 'busy');
    await say('wait', 'busy');
    expect(await engine.bulkhead('stats', '--no-stream', 'busy')).toMatch(/busy( +--){5}/);
    await say('rm', '-f', 'busy');
  });

  test('an image with other users is refused with a hint, and nothing of it stays', async () => {
    const before = await say('images', '-q');
    const refused = await importBusybox(client, { owner: 1000 }).then(String, (error: Error) => error.message);
    expect(refused).toMatch(/belongs to user 1000 and group 1000, for whom there is no id here \(.*\/etc\/subuid/);
    expect(await say('images', '-q')).toBe(before);
  });

  test.for([
    { args: ['--user', '1000'], who: 'user 1000' },
    { args: ['--user', '0:1000'], who: 'group 1000' },
    { args: ['--group-add', '10'], who: 'additional group 10' },
  ])('$who cannot be had, and it says why', async ({ args, who }) => {
    const { status, stderr } = await client.run(['run', '--rm', ...args, 'busybox', 'id']);
    expect(stderr).toMatch(new RegExp(`${who}: there is no id for it here \\(.*/etc/subuid`));
    expect(status).not.toBe(0);
  });

  test('an exec as another user says so on its output, and its status is not 0', async () => {
    await say('run', '-d', '--name', 'asked', 'busybox', 'sleep', '1000');
    const { status, stderr } = await client.run(['exec', '--user', '1000', 'asked', 'id']);
    expect(stderr).toMatch(/user 1000: there is no id for it here/);
    expect(status).not.toBe(0);
    await say('rm', '-f', 'asked');
  });
});
