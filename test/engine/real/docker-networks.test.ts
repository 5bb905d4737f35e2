/** Networks of the real engine, by Debian's docker client: what containers reach, what reaches them, and what stays behind. */
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bridgeName } from '../../../src-main/containers/networks/bridge-links.ts';
import { engineMark } from '../../../src-main/containers/networks/bridge-networks.ts';
import { makeBridge } from '../../../src-main/linux/network-links.ts';
import { RouteSocket } from '../../../src-main/linux/route-socket.ts';
import { RealEngine } from '../../support/engine/real-engine.ts';
import { need } from '../../support/need.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const able = need('root', 'docker', 'networks');
const { home, env } = temporaryHome();
const engine = new RealEngine(home, env);
const second = temporaryHome();
const { client } = engine;
const say = (...args: string[]): Promise<string> => client.say(...args);

beforeAll(async () => {
  if (!able) return;
  await engine.start();
  await engine.importBusybox();
});

afterAll(() => engine.dispose());

/** One request, one answer, by address alone: the host's own name service has no part in it. */
async function page(host: string, port: number | string): Promise<string> {
  const response = await fetch(`http://${host.includes(':') ? `[${host}]` : host}:${port}/`, {
    signal: AbortSignal.timeout(10_000),
    headers: { Connection: 'close' },
  });
  return (await response.text()).trim();
}

/** The same from inside a container. nc resolves by the container's own /etc. */
const pageFrom = (name: string, host: string, port = 80): Promise<string> =>
  say('exec', name, 'sh', '-c', `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 ${host} ${port} | tail -n 1`);

const serve = (text: string): string[] => [
  'busybox',
  'sh',
  '-c',
  `echo ${text} > /www/index.html; exec httpd -f -h /www`,
];

/** Everything of networks that one engine could leave on this computer. */
function leftovers(of = engine): { links: string[]; tables: string[]; files: string[] } {
  const mark = engineMark(of.paths.networks);
  return {
    links: readdirSync('/sys/class/net').filter((name) => aliasOf(name) === mark),
    tables: tables().filter((name) => name.endsWith(` ${mark}`)),
    files: readdirSync(of.paths.runtimeNetworks),
  };
}
const tables = (): string[] => execFileSync('nft', ['list', 'tables'], { encoding: 'utf8' }).split('\n');
const nothing = { links: [], tables: [], files: [] };

function aliasOf(link: string): string | undefined {
  try {
    return readFileSync(`/sys/class/net/${link}/ifalias`, 'utf8').trim();
  } catch {
    // One of another engine's that is gone by now.
    return undefined;
  }
}

/** Of the prefix for documentation, RFC 3849. */
const GLOBAL_IPV6 = '2001:db8::b0:1';

/** An address of this computer that is not loopback's. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

describe("networks, by Debian's docker client", { timeout: 120_000 * SLOWNESS }, () => {
  test('a container on the default bridge has an address, a way out and the names of its host', async () => {
    const said = await say(
      'run',
      '--rm',
      '--add-host',
      'me:host-gateway',
      'busybox',
      'sh',
      '-c',
      'ip -o -4 a; ip r; cat /etc/hosts',
    );
    const [, address = '', length] = /eth0 +inet ([\d.]+)\/(\d+)/.exec(said) ?? [];
    const [, gateway = ''] = /default via ([\d.]+)/.exec(said) ?? [];
    expect(length).toBe('16');
    expect(said).toMatch(new RegExp(`^${address}\\t[0-9a-f]{12}$`, 'm'));
    expect(said).toMatch(new RegExp(`^${gateway}\\tme$`, 'm'));
    expect(await say('network', 'inspect', 'bridge', '-f', '{{(index .IPAM.Config 0).Gateway}}')).toBe(gateway);
    expect(leftovers()).toEqual(nothing);
  });

  test('host, none and the network of another container', async () => {
    await say('run', '-d', '--name', 'one', ...serve('shared'));
    expect(await say('run', '--rm', '--network', 'none', 'busybox', 'sh', '-c', 'ip -o link | wc -l')).toBe('1');
    const ofHost = await say('run', '--rm', '--network', 'host', 'busybox', 'sh', '-c', 'ip -o -4 a');
    expect(ofHost).toContain(ownAddress());
    await say('run', '-d', '--name', 'two', '--network', 'container:one', 'busybox', 'sleep', '1000');
    expect(await pageFrom('two', '127.0.0.1')).toBe('shared');
    const refused = await client.run(['run', '--rm', '--network', 'container:one', '-p', '80', 'busybox', 'true']);
    expect(refused.stderr).toContain('conflicting options');
    await say('rm', '-f', 'one', 'two');
  });

  test('published ports are reached by loopback, by an address of the host, over IPv6 and from containers', async () => {
    await say('run', '-d', '--name', 'web', '-p', '80', '-p', '127.0.0.1::80', ...serve('published'));
    const [everywhere = '', , local = ''] = (await say('port', 'web', '80'))
      .split('\n')
      .map((line) => line.slice(line.lastIndexOf(':') + 1));
    expect(await page('127.0.0.1', everywhere)).toBe('published');
    expect(await page(ownAddress(), everywhere)).toBe('published');
    expect(await page('::1', everywhere)).toBe('published');
    expect(await page('127.0.0.1', local)).toBe('published');
    await expect(page(ownAddress(), local)).rejects.toThrow();
    await say('run', '-d', '--name', 'other', 'busybox', 'sleep', '1000');
    expect(await pageFrom('other', ownAddress(), Number(everywhere))).toBe('published');
    // To itself, by way of the host.
    expect(await pageFrom('web', ownAddress(), Number(everywhere))).toBe('published');
    const taken = await client.run(['run', '--rm', '-p', `${everywhere}:80`, 'busybox', 'true']);
    expect(taken.stderr).toContain('port is already allocated');
    await say('rm', '-f', 'web', 'other');
    await expect(page('127.0.0.1', everywhere)).rejects.toThrow();
    expect(leftovers()).toEqual(nothing);
  });

  test('a datagram port is published too, over IPv4 and IPv6; the answer comes from where the question went', async () => {
    await say('run', '-d', '--name', 'echo', '-p', '7/udp', 'busybox', 'sleep', '1000');
    const pid = await say('inspect', '-f', '{{.State.Pid}}', 'echo');
    const script = `const s = require('dgram').createSocket('udp4');
      s.on('message', (m, from) => s.send(m, from.port, from.address)).bind(7, () => console.log('bound'));`;
    const inside = spawn('nsenter', ['--target', pid, '--net', process.execPath, '-e', script], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    execFileSync('ip', ['-6', 'address', 'add', `${GLOBAL_IPV6}/128`, 'dev', 'lo', 'nodad']);
    const sockets = { 4: createSocket('udp4'), 6: createSocket('udp6') };
    try {
      await once(inside.stdout, 'data');
      const port = Number((await say('port', 'echo', '7/udp')).split(':').pop());
      for (const address of ['127.0.0.1', ownAddress(), '::1', GLOBAL_IPV6]) {
        const socket = sockets[address.includes(':') ? 6 : 4];
        socket.send(`to ${address}`, port, address);
        const [heard, from] = (await once(socket, 'message')) as [Buffer, { address: string; port: number }];
        expect(`${heard} from ${from.address} ${from.port}`).toBe(`to ${address} from ${address} ${port}`);
      }
    } finally {
      for (const socket of Object.values(sockets)) socket.close();
      execFileSync('ip', ['-6', 'address', 'del', `${GLOBAL_IPV6}/128`, 'dev', 'lo']);
      inside.kill();
    }
    await say('rm', '-f', 'echo');
  });

  test("a host's own service on loopback is out of a container's reach", async () => {
    const server = createServer((socket) => socket.end('secret')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const said = await say(
      'run',
      '--rm',
      'busybox',
      'sh',
      '-c',
      `ip route add 127.0.0.0/8 via $(ip r | sed -n 's/default via \\([0-9.]*\\).*/\\1/p'); nc -w 2 127.0.0.1 ${port}; true`,
    ).finally(() => server.close());
    expect(said).toBe('');
  });

  test('networks of users: names, aliases, addresses, and walls between them', async () => {
    await say('network', 'create', '--label', 'tier=one', 'front');
    await say(
      'network',
      'create',
      '--subnet',
      '10.213.7.0/24',
      '--gateway',
      '10.213.7.9',
      '-o',
      'com.docker.network.driver.mtu=1400',
      'back',
    );
    await say('run', '-d', '--name', 'web', '--network', 'front', '--network-alias', 'shop', ...serve('front'));
    await say('run', '-d', '--name', 'db', '--network', 'back', '--ip', '10.213.7.77', ...serve('back'));
    await say('run', '-d', '--name', 'user', '--network', 'front', 'busybox', 'sleep', '1000');
    expect(await say('exec', 'user', 'cat', '/etc/resolv.conf')).toMatch(
      /^nameserver [\d.]+\.1\n(search .*\n)?options ndots:0$/,
    );
    for (const name of ['web', 'shop', 'WEB', 'web.front']) expect(await pageFrom('user', name)).toBe('front');
    expect(await say('exec', 'user', 'nslookup', 'web')).toMatch(/Name:\s+web/);
    expect((await client.run(['exec', 'user', 'nslookup', 'db'])).stdout).not.toContain('10.213.7.77');
    expect((await client.run(['exec', 'user', 'nc', '-w', '1', '10.213.7.77', '80'])).status).not.toBe(0);
    expect(await say('exec', 'db', 'cat', '/sys/class/net/eth0/mtu')).toBe('1400');
    await say('network', 'connect', '--alias', 'store', 'back', 'user');
    expect(await pageFrom('user', 'db')).toBe('back');
    expect(await say('exec', 'db', 'nslookup', 'store')).toMatch(/Address:\s+10\.213\.7\.\d+$/m);
    await say('rename', 'db', 'base');
    expect(await pageFrom('user', 'base')).toBe('back');
    expect((await client.run(['network', 'rm', 'back'])).stderr).toContain('has active endpoints');
    await say('network', 'disconnect', 'front', 'user');
    expect(await say('exec', 'user', 'ip', 'r')).toMatch(/^default via 10\.213\.7\.9 dev eth1/);
    expect(await pageFrom('user', 'base')).toBe('back');
    expect((await client.run(['exec', 'user', 'nslookup', 'web'])).stdout).not.toMatch(/Name:\s+web/);
    expect(await say('network', 'inspect', 'front', '-f', '{{range .Containers}}{{.Name}}{{end}}')).toBe('web');
    expect(await say('network', 'ls', '-q', '--filter', 'label=tier=one')).toHaveLength(12);
    await say('rm', '-f', 'web', 'base', 'user');
    expect(await say('network', 'prune', '-f')).toMatch(/front|back/);
    expect(await say('network', 'ls', '--format', '{{.Name}}')).toBe('bridge\nhost\nnone');
    expect(leftovers()).toEqual(nothing);
  });

  test('an internal network leads nowhere else', async () => {
    await say('network', 'create', '--internal', 'c');
    await say('run', '-d', '--name', 'deep', '--network', 'c', ...serve('deep'));
    await say('run', '-d', '--name', 'near', '--network', 'c', 'busybox', 'sleep', '1000');
    expect(await pageFrom('near', 'deep')).toBe('deep');
    expect(await say('exec', 'near', 'ip', 'r')).not.toContain('default');
    await say('rm', '-f', 'deep', 'near');
    await say('network', 'rm', 'c');
  });

  test('a container that runs keeps its ports while there is no engine, and is found again in its networks', async () => {
    await say('network', 'create', 'lasting');
    await say('run', '-d', '--name', 'stays', '--network', 'lasting', '-p', '80', ...serve('still here'));
    await say('run', '-d', '--name', 'falls', '--network', 'lasting', '-p', '80', 'busybox', 'sleep', '1000');
    const port = (await say('port', 'stays', '80')).split('\n')[0]?.split(':').pop() ?? '';
    const pid = Number(await say('inspect', '-f', '{{.State.Pid}}', 'falls'));
    const inspected = await say('inspect', '-f', '{{json .NetworkSettings.Networks}}', 'stays');
    await engine.end('SIGKILL');
    process.kill(pid, 'SIGKILL');
    expect(await page('127.0.0.1', port)).toBe('still here');
    await engine.start();
    expect(await page('127.0.0.1', port)).toBe('still here');
    expect(await say('ps', '--format', '{{.Names}} {{.Ports}}')).toContain(`stays 0.0.0.0:${port}->80/tcp`);
    expect(await say('inspect', '-f', '{{json .NetworkSettings.Networks}}', 'stays')).toBe(inspected);
    await say('run', '-d', '--name', 'asks', '--network', 'lasting', 'busybox', 'sleep', '1000');
    expect(await pageFrom('asks', 'stays')).toBe('still here');
    expect(leftovers().links).toHaveLength(3);
    await say('rm', '-f', 'stays', 'falls', 'asks');
    await say('network', 'rm', 'lasting');
    expect(leftovers()).toEqual(nothing);
  });

  test('killed at any moment, an engine leaves nothing that its successor does not clear away', async () => {
    for (const delayMs of [20, 60, 120, 200, 320, 500]) {
      const starting = Promise.all(
        [1, 2, 3].map(() => client.run(['run', '-d', '-p', '80', 'busybox', 'sleep', '1000'])),
      );
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await engine.end('SIGKILL');
      await starting;
      await engine.start();
      const all = (await say('ps', '-aq')).split('\n').filter(Boolean);
      if (all.length > 0) await say('rm', '-f', ...all);
      expect(leftovers()).toEqual(nothing);
    }
  });

  test('two engines of root: each default network has its own place, and one going leaves the other’s', async () => {
    const other = new RealEngine(second.home, second.env);
    await other.start();
    try {
      await other.importBusybox();
      const subnetOf = (one: RealEngine): Promise<string> =>
        one.client.say('network', 'inspect', 'bridge', '-f', '{{(index .IPAM.Config 0).Subnet}}');
      await say('run', '-d', '--name', 'ours', '-p', '80', ...serve('ours'));
      // Chosen while no bridge of ours was up: the same, unless something else was.
      await other.client.say('run', '-d', '--name', 'theirs', '-p', '80', ...serve('theirs'));
      expect(await subnetOf(other)).not.toBe(await subnetOf(engine));
      const portOf = async (one: RealEngine, name: string): Promise<string> =>
        (await one.client.say('port', name, '80')).split('\n')[0]?.split(':').pop() ?? '';
      const ports = { ours: await portOf(engine, 'ours'), theirs: await portOf(other, 'theirs') };
      for (const address of ['127.0.0.1', ownAddress(), '::1']) {
        expect(await page(address, ports.ours)).toBe('ours');
        expect(await page(address, ports.theirs)).toBe('theirs');
      }
      // A place that was asked for is not taken from another engine.
      const place = await subnetOf(engine);
      await other.client.say('network', 'create', '--subnet', place, 'same');
      const refused = await other.client.run(['run', '--rm', '--network', 'same', 'busybox', 'true']);
      expect(refused.stderr).toMatch(/network same: its subnet [\d./]+ is in use on this computer.*bh-/);
      const { links, tables: ownTables } = leftovers();
      await other.client.say('network', 'rm', 'same');
      await other.client.say('rm', '-f', 'theirs');
      expect(leftovers(other)).toEqual(nothing);
      expect(leftovers()).toMatchObject({ links, tables: ownTables });
      expect(await page('127.0.0.1', ports.ours)).toBe('ours');
    } finally {
      await other.dispose();
      await say('rm', '-f', 'ours');
    }
    expect(leftovers()).toEqual(nothing);
  });

  test('a bridge without a mark, whose maker was killed just then, is cleared away', async () => {
    const id = await say('network', 'create', 'half');
    await engine.end('SIGKILL');
    const socket = RouteSocket.open();
    const name = bridgeName({ id });
    makeBridge(socket, { name, mac: '02:42:0a:00:00:01', alias: '', mtu: 1500 });
    socket.dispose();
    expect(readdirSync('/sys/class/net')).toContain(name);
    await engine.start();
    expect(readdirSync('/sys/class/net')).not.toContain(name);
    await say('network', 'rm', 'half');
  });

  test('what a network cannot be is refused, with the reason', async () => {
    const refusal = async (...args: string[]): Promise<string> => (await client.run(['network', ...args])).stderr;
    expect(await refusal('create', '-d', 'macvlan', 'some')).toContain('bridge is the only driver here');
    expect(await refusal('create', '--ipv6', 'some')).toContain('not in this release');
    expect(await refusal('create', '--subnet', '10.1.0.0/33', 'some')).toMatch(/subnet|CIDR/);
    expect(await refusal('create', '-o', 'no.such=option', 'some')).toContain('not supported');
    expect(await refusal('create', 'bridge')).toContain('already exists');
    expect(await refusal('rm', 'host')).toContain('pre-defined');
    expect(await refusal('inspect', 'nowhere')).toContain('No such network');
    expect((await client.run(['run', '--network', 'nowhere', 'busybox', 'true'])).stderr).toContain(
      'network nowhere not found',
    );
  });

  test('without nft the computer lacks something, and says what; host and none work on', async () => {
    await engine.end('SIGTERM');
    await engine.start({ hidden: '/usr/sbin' });
    const refused = await client.run(['run', '--rm', 'busybox', 'true']);
    expect(refused.stderr).toContain('nft is not installed');
    expect(refused.stderr).toContain('install the package nftables');
    expect(await say('run', '--rm', '--network', 'none', 'busybox', 'echo', 'fine')).toBe('fine');
    expect(leftovers()).toEqual(nothing);
  });
});
