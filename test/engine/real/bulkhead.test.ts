/** The command line's own verbs over the real engine: networks, files, and what containers use. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
const bulkhead = (...argv: string[]) => new CliSession(argv, { ...env, HOME: home }).finished;
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

  test('docker login is asked of the registry, and pull speaks for whoever logged in', async () => {
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
