/** The real engine by Debian's docker client: files in and out, a small init, and what is told of containers and images. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineClient } from '../../../src-main/docker-api/client/engine-client.ts';
import { RealEngine } from '../../support/engine/real-engine.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const able = need('root', 'docker', 'networks');
const { home, env } = temporaryHome();
const engine = new RealEngine(home, env);
const { client } = engine;
const say = (...args: string[]): Promise<string> => client.say(...args);
/** Each look is a run of the client, which takes its time on a busy computer. */
const PATIENCE = { timeout: 60_000 * SLOWNESS };
const at = (...names: string[]): string => join(home, 'files', ...names);

beforeAll(async () => {
  if (!able) return;
  await engine.start();
  await engine.importBusybox();
  mkdirSync(at('tree/sub'), { recursive: true });
  writeFileSync(at('tree/one'), 'one\n', { mode: 0o640 });
  writeFileSync(at('tree/sub/two'), 'two\n');
  symlinkSync('one', at('tree/link'));
});

afterAll(() => engine.dispose());

describe("files in and out, by Debian's docker client", { timeout: 120_000 * SLOWNESS }, () => {
  test('cp into a container that runs and one that does not, its volumes too, and out again', async () => {
    await say('run', '-d', '--name', 'box', '-v', 'kept:/data', '-v', `${home}:/host:ro`, 'busybox', 'sleep', '1000');
    await say('cp', at('tree'), 'box:/tmp');
    await say('cp', `${at('tree')}/.`, 'box:/data');
    await say('cp', at('tree/one'), 'box:/data/renamed');
    expect(await say('exec', 'box', 'sh', '-c', 'cd /tmp/tree; cat one sub/two link; stat -c %a one; ls /data')).toBe(
      'one\ntwo\none\n640\nlink\none\nrenamed\nsub',
    );
    expect((await client.run(['cp', at('tree/one'), 'box:/host/'])).stderr).toContain('marked read-only');
    expect((await client.run(['cp', at('tree/one'), 'box:/nowhere/'])).status).not.toBe(0);
    expect((await client.run(['cp', 'box:/nowhere', home])).stderr).toContain('No such container:path');
    expect((await client.run(['cp', at('tree'), 'box:/tmp/tree/one'])).stderr).toContain('cannot copy directory');
    await say('kill', 'box');
    await say('cp', at('tree/one'), 'box:/root/late');
    await say('cp', 'box:/tmp/tree', at('back'));
    await say('cp', 'box:/data/renamed', at('volume'));
    expect(execFileSync('diff', ['-r', '--no-dereference', at('tree'), at('back')], { encoding: 'utf8' })).toBe('');
    expect(readFileSync(at('volume'), 'utf8')).toBe('one\n');
    expect((await client.run(['cp', 'box:/tmp/tree/link', '-'])).stdout).toContain('link');
    await say('start', 'box');
    expect(await say('exec', 'box', 'cat', '/root/late')).toBe('one');
    await say('rm', '-f', 'box');
    await say('volume', 'rm', 'kept');
  });

  test('a container that is removed while its files are read takes its root file system along', async () => {
    const direct = new EngineClient(engine.paths.socket);
    const read = (): Promise<unknown> =>
      direct.json('GET', '/bulkhead/containers/going/files', { query: { path: '/' } }).catch(() => undefined);
    for (let round = 0; round < 5; round++) {
      await say('create', '--name', 'going', 'busybox');
      const reads = [read(), read()];
      const removal = direct.json('DELETE', '/containers/going');
      for (let i = 0; i < 20; i++) {
        reads.push(read());
        await setTimeout(1);
      }
      await Promise.all([removal, ...reads]);
    }
    const names = (await say('ps', '-aq', '--no-trunc')).split('\n').filter(Boolean);
    expect(readdirSync(join(engine.paths.images, 'rootfs')).sort()).toEqual(names.sort());
  });

  test('neither links nor names lead a copy out of the container', async () => {
    writeFileSync(at('secret'), 'secret');
    const up = '../'.repeat(12);
    await say(
      'run',
      '-d',
      '--name',
      'sly',
      'busybox',
      'sh',
      '-c',
      `ln -s ${up}${at()} /out; ln -s /proc/1/root /magic; ln -s /etc /tmp/etc; sleep 1000`,
    );
    await expect.poll(() => say('exec', 'sly', 'ls', '/tmp'), PATIENCE).toContain('etc');
    expect((await client.run(['cp', '-L', 'sly:/out/secret', at('stolen')])).status).not.toBe(0);
    expect((await client.run(['cp', 'sly:/magic/etc/hostname', at('stolen')])).status).not.toBe(0);
    expect((await client.run(['cp', at('tree/one'), 'sly:/out/planted'])).status).not.toBe(0);
    const climbing = execFileSync('tar', ['-c', '-P', '--transform', `s,^,${up},`, '-C', at('tree'), 'one']);
    const { socket: socketPath } = engine.paths;
    const put = request({ socketPath, method: 'PUT', path: '/containers/sly/archive?path=/tmp' }).end(climbing);
    const [answer] = (await once(put, 'response')) as [IncomingMessage];
    expect(await text(answer)).toContain('leads out of the root');
    for (const name of ['stolen', 'planted']) expect(existsSync(at(name))).toBe(false);
    // A link inside leads where it would for the container.
    await say('cp', at('tree/one'), 'sly:/tmp/etc/');
    expect(await say('exec', 'sly', 'cat', '/etc/one')).toBe('one');
    await say('rm', '-f', 'sly');
  });

  test('--init: a small first process passes signals on, reaps and ends as its program does', async () => {
    const status = async (...command: string[]): Promise<number | null> =>
      (await client.run(['run', '--rm', '--init', 'busybox', ...command])).status;
    expect(await status('sh', '-c', 'exit 7')).toBe(7);
    expect(await status('sh', '-c', 'kill -9 $$')).toBe(137);
    expect(await status('nowhere')).toBe(127);
    const orphans =
      'i=0; while [ $i -lt 20 ]; do sh -c "sleep 0.1 &"; i=$((i+1)); done; sleep 1; cat /proc/[0-9]*/stat | grep -c " Z "';
    expect(await say('run', '--rm', '--init', 'busybox', 'sh', '-c', `${orphans}; cat /proc/1/comm`)).toBe(
      '0\ndocker-init',
    );
    await say(
      'run',
      '-d',
      '--name',
      'first',
      '--init',
      '--memory',
      '6m',
      'busybox',
      'sh',
      '-c',
      'trap "echo heard; exit 5" USR1; echo up; while :; do sleep 0.1; done',
    );
    await expect.poll(() => say('logs', 'first'), PATIENCE).toBe('up');
    await say('kill', '-s', 'USR1', 'first');
    expect(await say('wait', 'first')).toBe('5');
    expect(await say('logs', 'first')).toBe('up\nheard');
    await say('rm', 'first');
  });

  test('top, stats, diff, update and rename', async () => {
    await say(
      'run',
      '-d',
      '--name',
      'seen',
      '--memory',
      '64m',
      'busybox',
      'sh',
      '-c',
      'echo x > /new; rm /etc/group; exec sleep 1000',
    );
    await expect.poll(() => say('top', 'seen'), PATIENCE).toMatch(/sleep 1000/);
    expect(await say('top', 'seen', '-o', 'pid,comm')).toMatch(/PID +COMMAND\n\d+ +sleep/);
    const stats = await say('stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}} {{.MemUsage}} {{.NetIO}}', 'seen');
    expect(stats).toMatch(/^seen 1 \S+ \/ 64MiB \S+ \/ \S+$/);
    const changes = await say('diff', 'seen');
    expect(changes).toMatch(/^A \/new$/m);
    expect(changes).toMatch(/^D \/etc\/group$/m);
    await say('update', '--memory', '96m', '--memory-swap', '96m', '--pids-limit', '50', 'seen');
    expect(await say('stats', '--no-stream', '--format', '{{.MemUsage}}', 'seen')).toContain('96MiB');
    await say('rename', 'seen', 'known');
    expect(await say('ps', '--format', '{{.Names}}')).toBe('known');
    await say('rm', '-f', 'known');
  });

  test('events tell of containers and of their networks', async () => {
    const since = `${Date.now() / 1000}`;
    const child = client.start(['events', '--since', since, '--format', '{{.Type}} {{.Action}}']);
    let told = '';
    child.stdout.on('data', (chunk) => {
      told += chunk;
    });
    await say('network', 'create', 'short');
    await say('run', '--rm', '--network', 'short', 'busybox', 'true');
    await say('network', 'rm', 'short');
    await expect.poll(() => told, PATIENCE).toContain('network destroy');
    child.kill();
    await once(child, 'close');
    const order = [
      'network create',
      'container create',
      'network connect',
      'container start',
      'network disconnect',
      'container die',
      'container destroy',
      'network destroy',
    ];
    expect(
      told
        .trim()
        .split('\n')
        .filter((line) => order.includes(line)),
    ).toEqual(order);
  });

  test('save and load, export and import, commit, history, df and prune', async () => {
    await say('run', '--name', 'made', 'busybox', 'sh', '-c', 'echo made > /made');
    await say('commit', '-m', 'made it', 'made', 'shop:one');
    expect(await say('history', '--format', '{{.Comment}}', 'shop:one')).toContain('made it');
    await say('save', '-o', at('shop.tar'), 'shop:one');
    await say('rmi', 'shop:one');
    expect(await say('load', '-i', at('shop.tar'))).toContain('shop:one');
    expect(await say('run', '--rm', 'shop:one', 'cat', '/made')).toBe('made');
    await say('export', '-o', at('made.tar'), 'made');
    await say('import', at('made.tar'), 'shop:two');
    expect(await say('run', '--rm', 'shop:two', 'cat', '/made')).toBe('made');
    await say('volume', 'create', 'idle');
    await say('network', 'create', 'idle');
    const usage = await say('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}');
    expect(usage.split('\n')).toEqual(['Images 3 1', 'Containers 1 0', 'Local Volumes 1 0', 'Build Cache 0 0']);
    const pruned = await say('system', 'prune', '-f', '--volumes');
    expect(pruned).toMatch(/Deleted Containers:[\s\S]*Deleted Networks:\nidle[\s\S]*Total reclaimed space/);
    expect(await say('ps', '-aq')).toBe('');
    await say('image', 'prune', '-af');
    expect(await say('images', '-q')).toBe('');
  });
});
