import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consolePortPaths } from '../../src-main/inventory/paths.ts';
import { GuestShell } from '../support/guest/guest-shell.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;
const MEGABYTE = 1_000_000;

describe('a virtio console on the translating accelerator', () => {
  let hosts: VmHosts;
  beforeAll(async () => {
    hosts = await VmHosts.open();
  });
  afterAll(() => hosts.close());

  test('the console and a named port lead to the host, both ways', { timeout: LONG_MS }, async () => {
    const made = await hosts.commandLine(
      ...['vm', 'create', 'ported', '--guest', 'tiny-linux', '--memory', '96M', '--accel', 'translated'],
      ...['--console-port', 'agent', '--console-port', 'org.example.log', '--json'],
    );
    expect(made.stderr).toBe('');
    const { id } = JSON.parse(made.stdout) as { id: string };
    await hosts.fleet.start(id);
    const shell = new GuestShell(hosts, id);
    await shell.logIn();
    expect(await shell.answer('dmesg | grep -iE "virtio" | grep -icE "warn|error|fail"')).toBe('0');
    expect(await shell.answer('cat /sys/class/virtio-ports/vport*p1/name /sys/class/virtio-ports/vport*p2/name')).toBe(
      'agent\norg.example.log',
    );
    const device = `/dev/${await shell.answer('basename /sys/class/virtio-ports/vport*p1')}`;

    const { socket } = consolePortPaths(hosts.paths(id), 'agent');
    const agent = createConnection(socket);
    let said = '';
    agent.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
    });
    await shell.answer(`echo hello from the guest >${device}`);
    await eventually('the guest’s word', () => (said === 'hello from the guest\n' ? true : undefined), LONG_MS);
    agent.write('hello from the host\n');
    expect(await shell.answer(`head -n 1 ${device}`)).toBe('hello from the host');
    said = '';
    await shell.answer(`yes 123456789 | head -c ${MEGABYTE} >${device}`);
    await eventually('a megabyte', () => (said.length >= MEGABYTE ? true : undefined), LONG_MS);
    expect(said === '123456789\n'.repeat(MEGABYTE / 10)).toBe(true);
    agent.destroy();

    await hosts.fleet.query(id, 'x-resize-console', { columns: 132, rows: 43 });
    await eventually(
      'the size',
      async () => ((await shell.answer('stty size </dev/hvc0')) === '43 132' ? true : undefined),
      LONG_MS,
    );
    const stream = await hosts.fleet.console(id, 'hvc0');
    let heard = '';
    stream.on('data', (bytes: Buffer) => {
      heard += bytes.toString('latin1');
    });
    const hears = (text: string): Promise<true> =>
      eventually(text, () => (heard.includes(text) ? true : undefined), LONG_MS);
    await hears('on /dev/hvc0');
    stream.write('root\n');
    await hears('tiny:~#');
    stream.write('echo heard $((6*7))\n');
    await hears('heard 42');
    stream.destroy();

    const { status, stderr } = await hosts.commandLine('vm', 'console', id, '--port', 'nobody');
    expect([status, stderr]).toEqual([2, expect.stringContaining('has no console port "nobody"')]);
    const { stdout } = await hosts.commandLine('vm', 'show', id, '--json');
    expect(Object.keys((JSON.parse(stdout) as { ports: object }).ports)).toEqual(['hvc0', 'agent', 'org.example.log']);
    await hosts.fleet.kill(id);
    await eventually('the socket’s end', () => (existsSync(socket) ? undefined : true), LONG_MS);
  });
});
