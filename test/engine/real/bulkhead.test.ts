/** The command line's own verbs over the real engine: networks, files, and what containers use. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliSession } from '../../support/cli-session.ts';
import { FakeRegistry } from '../../support/engine/fake-registry.ts';
import { packFolder } from '../../support/engine/layout-maker.ts';
import { RealEngine } from '../../support/engine/real-engine.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const able = need('root', 'docker', 'networks');
const { home, env } = temporaryHome();
const engine = new RealEngine(home, env);
const own = { ...env, HOME: home };
const bulkhead = (...argv: string[]) => new CliSession(argv, own).finished;
const fed = (input: string, ...argv: string[]) => new CliSession(argv, own, { input }).finished;
const said = async (...argv: string[]): Promise<string> => {
  const { status, stdout, stderr } = await bulkhead(...argv);
  expect(`${status} ${stderr}`).toBe('0 ');
  return stdout.trim();
};

beforeAll(async () => {
  if (!able) return;
  await engine.start();
  await engine.importBusybox();
});

afterAll(() => engine.dispose());

describe('bulkhead, over the real engine', { timeout: 120_000 * SLOWNESS }, () => {
  test('network: made, joined, listed, left, removed', async () => {
    await said('network', 'create', '--subnet', '10.215.3.0/24', '--label', 'a=b', 'front');
    const [made] = JSON.parse(await said('network', 'ls', '--json')).filter(
      ({ name }: { name: string }) => name === 'front',
    );
    expect(made).toMatchObject({
      driver: 'bridge',
      subnet: '10.215.3.0/24',
      gateway: '10.215.3.1',
      labels: { a: 'b' },
    });
    await said('run', '-d', '--name', 'web', 'busybox', 'sleep', '1000');
    await said('network', 'connect', '--ip', '10.215.3.9', 'front', 'web');
    expect(await said('exec', 'web', 'ip', '-o', '-4', 'a')).toContain('10.215.3.9/24');
    expect((await bulkhead('network', 'rm', 'front')).status).toBe(4);
    await said('network', 'disconnect', 'front', 'web');
    expect(await said('network', 'rm', 'front')).toBe('front');
    expect(await bulkhead('network', 'inspect', 'front')).toMatchObject({ status: 3 });
  });

  test('cp, top and stats', async () => {
    mkdirSync(join(home, 'tree'));
    writeFileSync(join(home, 'tree/one'), 'one\n');
    await said('cp', join(home, 'tree'), 'web:/root/copied');
    await said('cp', join(home, 'tree/one'), 'web:/tmp/');
    await said('cp', 'web:/root/copied', join(home, 'back'));
    expect(readFileSync(join(home, 'back/one'), 'utf8')).toBe('one\n');
    expect(await said('exec', 'web', 'cat', '/tmp/one')).toBe('one');
    expect(await bulkhead('cp', 'web:/nowhere', home)).toMatchObject({ status: 3 });
    expect(await bulkhead('cp', 'web:/a', 'web:/b')).toMatchObject({ status: 2 });
    expect(await said('top', 'web')).toMatch(/sleep 1000/);
    const [stats] = JSON.parse(await said('stats', '--json', 'web'));
    expect(stats).toMatchObject({ name: 'web', processes: 1 });
    await said('rm', '-f', 'web');
  });

  test('an image out of a container: diff, commit, history; and its files: export, import', async () => {
    await said('run', '--name', 'made', 'busybox', 'sh', '-c', 'echo kept > /kept; rm /bin/true');
    const changes = (await said('diff', 'made')).split('\n');
    expect(changes).toEqual(expect.arrayContaining(['A /kept', 'C /bin', 'D /bin/true']));
    expect(JSON.parse(await said('diff', '--json', 'made'))).toContainEqual({ kind: 'A', path: '/kept' });
    const id = await said('commit', '-m', 'as it was', '-a', 'ann', '-c', 'CMD ["cat","/kept"]', 'made', 'made:2');
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await said('run', '--rm', 'made:2')).toBe('kept');
    const steps = JSON.parse(await said('history', '--json', 'made:2'));
    expect(steps).toHaveLength(2);
    expect(steps[0]).toMatchObject({ comment: 'as it was' });
    expect(await said('history', 'made:2')).toMatch(/^CREATED +SIZE +BY\n/);
    const archive = join(home, 'made.tar');
    await said('export', '-o', archive, 'made');
    const imported = await said('import', '-c', 'CMD ["cat","/kept"]', archive, 'flat');
    expect(await said('run', '--rm', imported)).toBe('kept');
    expect(await bulkhead('export', '-o', join(home, 'none.tar'), 'nobody')).toMatchObject({ status: 3 });
    for (const verb of [['import'], ['load', '-i']]) {
      expect(await bulkhead(...verb, join(home, 'none.tar'))).toMatchObject({ status: 3 });
    }
    expect(readdirSync(home).filter((name) => name.includes('none.tar'))).toEqual([]);
  });

  test('save and load: an image goes and comes back', async () => {
    const archive = join(home, 'images.tar');
    writeFileSync(archive, 'what was there before');
    await said('save', '-o', archive, 'made:2', 'flat');
    await said('rm', 'made');
    await said('rmi', 'made:2', 'flat');
    expect(await bulkhead('save', '-o', archive, 'made:2')).toMatchObject({ status: 3 });
    expect((await bulkhead('load', '-i', archive)).stderr).toContain('Loaded image: made:2\n');
    expect(await said('run', '--rm', 'made:2')).toBe('kept');
    expect(await said('run', '--rm', 'flat')).toBe('kept');
  });

  test('port says where a port is published, and update changes limits while it runs', async () => {
    await said('run', '-d', '--name', 'open', '-p', '127.0.0.1:0:80', '-m', '64M', 'busybox', 'sleep', '1000');
    const address = await said('port', 'open', '80');
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await said('port', 'open')).toBe(`80/tcp -> ${address}`);
    expect(await bulkhead('port', 'open', '81')).toMatchObject({ status: 3 });
    expect(await said('update', '-m', '128M', '--pids-limit', '50', '--restart', 'always', 'open')).toBe('open');
    const [{ HostConfig }] = JSON.parse(await said('inspect', 'open'));
    expect(HostConfig).toMatchObject({ Memory: 128 << 20, PidsLimit: 50, RestartPolicy: { Name: 'always' } });
    expect(JSON.parse(await said('stats', '--json', 'open'))).toMatchObject([{ memoryLimitBytes: 128 << 20 }]);
    expect(await bulkhead('update', 'open')).toMatchObject({ status: 2, stderr: expect.stringContaining('nothing') });
    await said('rm', '-f', 'open');
  });

  test('system: what is used, and what can go is removed, but not without being asked', async () => {
    await said('run', '--name', 'ended', '-v', '/data', 'busybox', 'sh', '-c', 'echo data > /data/file');
    await said('volume', 'create', 'named');
    const usage = JSON.parse(await said('system', 'df', '--json'));
    expect(usage).toMatchObject([
      { kind: 'images', total: 3, inUse: 1 },
      { kind: 'containers', total: 1, inUse: 0 },
      { kind: 'volumes', total: 2, inUse: 1 },
    ]);
    expect(await bulkhead('system', 'prune')).toMatchObject({ status: 2, stderr: expect.stringContaining('--yes') });
    const pruned = await bulkhead('system', 'prune', '--all', '--volumes', '--yes');
    expect(pruned.status).toBe(0);
    expect(pruned.stderr).toMatch(/^removing for good every container .*\n[\d.]+ [kM]?B are free again\n$/);
    expect(JSON.parse(await said('system', 'df', '--json')).map(({ total }: { total: number }) => total)).toEqual([
      0, 0, 1,
    ]);
    expect(await bulkhead('volume', 'prune', '--all', '--yes')).toMatchObject({ status: 0, stdout: 'named\n' });
    await engine.importBusybox();
  });

  test('a login is asked of the registry, and pull speaks for whoever logged in, by docker or by bulkhead', async () => {
    mkdirSync(join(home, 'box'));
    writeFileSync(join(home, 'box/file'), 'kept\n');
    const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    const registry = await FakeRegistry.start(packFolder(join(home, 'box')), {
      authorization,
      challenge: () => 'Basic realm="here"',
      asksAtOnce: true,
    });
    try {
      const image = `${registry.host}/box:1`;
      expect((await bulkhead('pull', image)).stderr).toContain('access is denied');
      const logIn = (password: string) =>
        engine.client.run(['login', '-u', 'ann', '--password-stdin', registry.host], password);
      expect((await logIn('wrong')).stderr).toContain('incorrect username or password');
      expect((await logIn('secret')).stdout).toContain('Login Succeeded');
      expect(await bulkhead('pull', image)).toMatchObject({ status: 0 });
      expect(await said('images')).toContain(`${registry.host}/box`);
      await said('rmi', image);
      expect((await bulkhead('logout', registry.host)).status).toBe(0);
      expect(await bulkhead('logout', registry.host)).toMatchObject({ status: 4 });
      expect((await bulkhead('pull', image)).stderr).toContain('access is denied');
      const login = ['login', '-u', 'ann', '--password-stdin', registry.host];
      expect((await fed('wrong', ...login)).stderr).toContain('incorrect username or password');
      expect(await fed('secret\n', ...login)).toMatchObject({ status: 0 });
      expect(await bulkhead('pull', image)).toMatchObject({ status: 0 });
      await said('rmi', image);
    } finally {
      registry.stop();
    }
  });

  test('what the host lacks is exit status 5, with a hint', async () => {
    await engine.end('SIGTERM');
    await engine.start({ hidden: '/usr/sbin' });
    const { status, stderr } = await bulkhead('run', '--rm', 'busybox', 'true');
    expect(stderr).toContain('install the package nftables');
    expect(status).toBe(5);
  });
});
