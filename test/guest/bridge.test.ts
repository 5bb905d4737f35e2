import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../src-main/base/failure.ts';
import { TapNetwork } from '../../src-main/network/tap/tap-network.ts';
import { GuestShell } from '../support/guest/guest-shell.ts';
import { need } from '../support/need.ts';
import { asOrdinaryUser } from '../support/ordinary-user.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;
/** Interfaces and a namespace that no other run of these tests has. */
const TAG = process.pid.toString(36);
const [BRIDGE, CABLE, NEIGHBOUR] = [`bt${TAG}`, `bc${TAG}`, `bulkhead-${TAG}`];
/** RFC 5737, TEST-NET-2. */
const [GUEST_IP, NEIGHBOUR_IP] = ['198.51.100.2', '198.51.100.3'];
const MAC = '52:54:00:ab:cd:ef';

const ip = (command: string): string => execFileSync('ip', command.split(' '), { encoding: 'utf8' });

/** Ports of the bridge. */
const ports = (): string[] =>
  (JSON.parse(ip(`-j link show master ${BRIDGE}`)) as { ifname: string }[]).map(({ ifname }) => ifname).sort();

describe('a guest as a neighbour of all that is on a bridge, on the translating accelerator', () => {
  const ready = need('root', 'networks');
  let hosts: VmHosts;
  let id: string;
  let shell: GuestShell;
  let server: ChildProcess;

  beforeAll(async () => {
    if (!ready) return;
    hosts = await VmHosts.open();
    // A bridge of this computer's, and a neighbour in a network namespace of its own at the other end of a cable.
    ip(`link add ${BRIDGE} type bridge`);
    ip(`link set ${BRIDGE} up`);
    ip(`netns add ${NEIGHBOUR}`);
    ip(`link add ${CABLE} type veth peer name eth0 netns ${NEIGHBOUR}`);
    ip(`link set ${CABLE} master ${BRIDGE} up`);
    ip(`-n ${NEIGHBOUR} address add ${NEIGHBOUR_IP}/24 dev eth0`);
    ip(`-n ${NEIGHBOUR} link set eth0 up`);
    const www = join(hosts.folder, 'www');
    mkdirSync(www);
    writeFileSync(join(www, 'page'), 'from the neighbour\n');
    const serve = ['busybox', 'httpd', '-f', '-p', `${NEIGHBOUR_IP}:80`, '-h', www];
    server = spawn('ip', ['netns', 'exec', NEIGHBOUR, ...serve], { stdio: 'ignore' });
    const guest = ['--guest', 'tiny-linux', '--memory', '96M', '--accel', 'translated'];
    const made = await hosts.commandLine('vm', 'create', 'b', ...guest, '--net', `bridge:${BRIDGE},mac=${MAC}`);
    expect(made).toMatchObject({ status: 0 });
    expect(await hosts.commandLine('vm', 'start', 'b')).toMatchObject({ status: 0 });
    id = (await hosts.fleet.list())[0]!.id;
    shell = new GuestShell(hosts, id);
    await shell.logIn();
  }, LONG_MS);

  afterAll(async () => {
    if (!ready) return;
    server?.kill();
    await hosts.close();
    for (const command of [`link delete ${BRIDGE}`, `link delete ${CABLE}`, `netns delete ${NEIGHBOUR}`]) ip(command);
  });

  const tap = (): string => `bh${id.slice(0, 8)}.0`;
  const fetchPage = `wget -qO- http://${NEIGHBOUR_IP}/page`;

  test('pings a neighbour and has a page from it, by the card it was given', { timeout: LONG_MS }, async () => {
    expect(ports()).toEqual([tap(), CABLE].sort());
    expect((await shell.answer('cat /sys/class/net/eth0/address')).trim()).toBe(MAC);
    await shell.answer(`killall udhcpc; ip address add ${GUEST_IP}/24 dev eth0; ip link set eth0 up`);
    expect(await shell.answer(`ping -c 2 ${NEIGHBOUR_IP}`)).toMatch(/2 packets received|2 received/);
    expect(await shell.answer(fetchPage)).toContain('from the neighbour');
    expect(ip(`-n ${NEIGHBOUR} neigh show ${GUEST_IP}`)).toContain(MAC);
    const { networks } = JSON.parse((await hosts.commandLine('vm', 'show', 'b', '--json')).stdout);
    expect(networks).toMatchObject([{ kind: 'bridge', mac: MAC, address: GUEST_IP }]);
  });

  test('nothing of it is left on the bridge however the machine ends, and it comes back', {
    timeout: LONG_MS,
  }, async () => {
    process.kill(hosts.pid(id), 'SIGKILL');
    await eventually('the tap gone', () => ports().length === 1 || undefined);
    expect(ports()).toEqual([CABLE]);
    expect(await hosts.commandLine('vm', 'start', 'b')).toMatchObject({ status: 0 });
    expect(ports()).toEqual([tap(), CABLE].sort());
    expect(await hosts.commandLine('vm', 'kill', 'b')).toMatchObject({ status: 0 });
    await eventually('the tap gone', () => ports().length === 1 || undefined);
  });

  test.each([
    [
      'a bridge that is not there',
      'no-such-br',
      /bridge no-such-br: there is no such interface\n.*ip link add no-such-br/s,
    ],
    ['an interface that is no bridge', CABLE, /it is no bridge\n/],
  ])('%s is refused before anything runs, and leaves nothing', { timeout: LONG_MS }, async (_what, bridge, why) => {
    await hosts.commandLine('vm', 'set', 'b', `net=bridge:${bridge}`);
    const { status, stderr } = await hosts.commandLine('vm', 'start', 'b');
    expect([status, stderr]).toEqual([5, expect.stringMatching(why)]);
    expect(stderr).toContain(`machine "b": bridge ${bridge}`);
    expect(ip('-o link')).not.toContain(tap());
    expect(await hosts.fleet.list()).toMatchObject([{ state: 'stopped' }]);
    // The card stays the same wherever it is connected.
    expect(hosts.store.intact(id).networks).toMatchObject([{ mac: MAC, bridge }]);
  });

  test('who may make no interfaces is told so, and what root can do about it', () => {
    const open = (): unknown => asOrdinaryUser(() => TapNetwork.openOnBridge('machine "b"', BRIDGE, `bx${TAG}`));
    expect(open).toThrow(Failure);
    expect(open).toThrow(`machine "b": bridge ${BRIDGE}: you may not use it`);
    expect(ports()).toEqual([CABLE]);
  });
});
