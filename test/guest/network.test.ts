import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { buildGuestProgram } from '../support/guest/guest-program.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, type Visitor, VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;
const BIG = randomBytes(2_000_000);

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A shell on a guest's serial console. */
class Shell {
  private at = 0;

  constructor(private readonly visitor: Visitor) {}

  type(text: string): void {
    this.visitor.socket.write(text);
  }

  async logIn(): Promise<void> {
    await this.seen('login: ');
    this.type('root\n');
    await this.seen('tiny:~# ');
  }

  async seen(text: string): Promise<string> {
    return eventually(
      `${text} on the console`,
      () => {
        const shown = this.visitor.bytes.toString('latin1');
        const found = shown.indexOf(text, this.at);
        if (found < 0) return undefined;
        const between = shown.slice(this.at, found);
        this.at = found + text.length;
        return between;
      },
      LONG_MS,
    );
  }

  /** What a command prints. */
  async answer(command: string): Promise<string> {
    this.type(`echo BE''GIN; ${command}; echo E''ND\n`);
    await this.seen('BEGIN\r\n');
    return (await this.seen('END\r\n')).replaceAll('\r', '').trim();
  }
}

/** A datagram to a port of this computer's, sent until it is answered; the answer. */
async function askUdp(port: number, text: string): Promise<string> {
  const socket = createSocket('udp4');
  const answer = once(socket, 'message');
  const timer = setInterval(() => socket.send(text, port, '127.0.0.1'), 200);
  try {
    return String((await answer)[0]);
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}

interface ShownNetwork {
  readonly kind: string;
  readonly mac: string;
  readonly address?: string;
  readonly forwards: readonly object[];
}

describe('Tiny Linux’s network through passt, on the translating accelerator', () => {
  const ready = need('passt', 'gcc');
  let hosts: VmHosts;
  let server: Server;
  let hostPort: number;
  let shell: Shell;
  let [tcp, udp, later] = [0, 0, 0];

  beforeAll(async () => {
    if (!ready) return;
    hosts = await VmHosts.open();
    const program = buildGuestProgram('udp-echo', hosts.folder);
    const files: Record<string, Uint8Array> = { '/udp-echo': readFileSync(program), '/big': BIG };
    server = createServer((request, response) => response.end(files[request.url ?? ''])).listen(0, '127.0.0.1');
    await once(server, 'listening');
    hostPort = (server.address() as AddressInfo).port;
    [tcp, udp, later] = [await freePort(), await freePort(), await freePort()];
    const net = `user,forward=tcp:${tcp}:80,forward=udp:${udp}:7`;
    const guest = ['--guest', 'tiny-linux', '--memory', '128M', '--accel', 'translated'];
    expect(await hosts.commandLine('vm', 'create', 'net', ...guest, '--net', net)).toMatchObject({ status: 0 });
    expect(await hosts.commandLine('vm', 'start', 'net')).toMatchObject({ status: 0 });
    shell = new Shell(await hosts.visit((await hosts.fleet.list())[0]!.id));
    await shell.logIn();
  }, LONG_MS);

  afterAll(async () => {
    server?.close();
    await hosts?.close();
  });

  const shown = async (): Promise<ShownNetwork> => {
    const { stdout } = await hosts.commandLine('vm', 'show', 'net', '--json');
    return (JSON.parse(stdout) as { networks: ShownNetwork[] }).networks[0]!;
  };

  test('the guest has its address by DHCP, on the card the machine keeps', { timeout: LONG_MS }, async () => {
    const { address } = await eventually('the guest’s address', async () => {
      const network = await shown();
      return network.address === undefined ? undefined : network;
    });
    expect(address).toBe('10.0.2.15');
    // The address is known here from its DHCP messages, a moment before the guest has set it, and after that its mask.
    const addressed = 'until ip -4 addr show eth0 | grep inet.*/24; do sleep 0.2; done';
    expect(await shell.answer(addressed)).toContain('inet 10.0.2.15/24');
    expect(await shell.answer('cat /sys/class/net/eth0/address')).toBe((await shown()).mac);
    expect(await shell.answer('dmesg | grep -iE "virtio|eth0" | grep -icE "warn|error|fail"')).toBe('0');
  });

  test('it fetches a file from a server on this computer’s loopback address', { timeout: LONG_MS }, async () => {
    const url = `http://10.0.2.2:${hostPort}`;
    expect(await shell.answer(`wget -qO- ${url}/big | sha256sum`)).toBe(`${sha256(BIG)}  -`);
    await shell.answer(`wget -qO /tmp/udp-echo ${url}/udp-echo && chmod +x /tmp/udp-echo`);
  });

  test('this computer reaches it through a TCP and a UDP forward', { timeout: LONG_MS }, async () => {
    await shell.answer('mkdir /www; head -c 1000000 /dev/urandom > /www/file; httpd -h /www');
    const [sum] = (await shell.answer('sha256sum /www/file')).split(' ');
    expect(sha256(await fetchBytes(`http://127.0.0.1:${tcp}/file`))).toBe(sum);
    await shell.answer('(/tmp/udp-echo &)');
    expect(await askUdp(udp, 'a datagram')).toBe('a datagram');
  });

  test('forwards change while it runs, and are kept', { timeout: LONG_MS }, async () => {
    const changed = ['--add', `tcp:${later}:80`, '--remove', `tcp:${tcp}:80`];
    const result = await hosts.commandLine('vm', 'forward', 'net', ...changed, '--json');
    expect(result).toMatchObject({ status: 0, stderr: '' });
    const wanted = [
      { protocol: 'udp', hostPort: udp, guestPort: 7 },
      { protocol: 'tcp', hostPort: later, guestPort: 80 },
    ];
    expect(JSON.parse(result.stdout)).toEqual(wanted);
    expect((await fetchBytes(`http://127.0.0.1:${later}/file`)).length).toBe(1_000_000);
    expect(await askUdp(udp, 'another')).toBe('another');
    await expect(fetch(`http://127.0.0.1:${tcp}/file`)).rejects.toThrow();
    expect((await shown()).forwards).toEqual(wanted);
    const again = await hosts.commandLine('vm', 'forward', 'net', '--json');
    expect(JSON.parse(again.stdout)).toEqual(wanted);
  });

  test('a port somebody has is refused, and everything stays as it was', { timeout: LONG_MS }, async () => {
    const refused = await hosts.commandLine('vm', 'forward', 'net', '--add', `tcp:${hostPort}:80`);
    expect(refused).toMatchObject({
      status: 1,
      stderr: `error: machine "net": forward tcp 127.0.0.1:${hostPort} → 80: the port cannot be had\n`,
    });
    expect((await shown()).forwards).toHaveLength(2);
    expect((await fetchBytes(`http://127.0.0.1:${later}/file`)).length).toBe(1_000_000);
  });

  test('after a reset the network is there again', { timeout: LONG_MS }, async () => {
    expect(await hosts.commandLine('vm', 'reset', 'net')).toMatchObject({ status: 0 });
    await shell.logIn();
    const fetched = `until wget -qO- http://10.0.2.2:${hostPort}/big | sha256sum | grep ${sha256(BIG)}; do sleep 1; done`;
    expect(await shell.answer(fetched)).toContain(sha256(BIG));
  });
});

describe('a user-mode network on a computer without passt', () => {
  let hosts: VmHosts;
  beforeAll(async () => {
    hosts = await VmHosts.open({ PATH: '/nonexistent' });
  });
  afterAll(() => hosts.close());

  test('is refused with what to install, exit status 5', { timeout: LONG_MS }, async () => {
    const guest = ['--guest', 'tiny-linux', '--accel', 'translated'];
    await hosts.commandLine('vm', 'create', 'net', ...guest, '--net', 'user');
    const result = await hosts.commandLine('vm', 'start', 'net');
    expect(result.status).toBe(5);
    expect(result.stderr).toMatch(
      /^error: machine "net": its network needs passt, which is not installed\nhint: sudo apt/,
    );
    expect(await hosts.commandLine('vm', 'set', 'net', 'net=none')).toMatchObject({ status: 0 });
    expect(await hosts.commandLine('vm', 'start', 'net')).toMatchObject({ status: 0 });
  });
});
