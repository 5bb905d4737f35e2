import { spawn, spawnSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { Failure } from '../../../src-main/base/failure.ts';
import { NET_HEADER_BYTES } from '../../../src-main/network/net-backend.ts';
import type { Forward } from '../../../src-main/network/passt/passt-arguments.ts';
import { PasstLink } from '../../../src-main/network/passt/passt-link.ts';
import { UserNetwork } from '../../../src-main/network/passt/user-network.ts';
import { freePort } from '../../support/free-port.ts';
import { need } from '../../support/need.ts';
import { bundleWorker } from '../../support/worker-bundle.ts';
import { datagram, GUEST_MAC, pieces, sourceMac, udpFrame } from './guest-frames.ts';

const started: { dispose(): void }[] = [];
afterEach(() => {
  for (const one of started.splice(0)) one.dispose();
});

async function network(forwards: readonly Forward[] = [], env: NodeJS.ProcessEnv = process.env): Promise<UserNetwork> {
  const user = await UserNetwork.start({ machine: 'machine "net"', mac: GUEST_MAC, forwards, env });
  started.push(user);
  return user;
}

function linkTo(user: UserNetwork): PasstLink {
  const link = new PasstLink(user.seed);
  started.unshift(link);
  return link;
}

async function hostSocket(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  started.push({ dispose: () => socket.close() });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

const ownerProgram = async (): Promise<string> =>
  fileURLToPath(await bundleWorker(new URL('./passt-owner.ts', import.meta.url), 'passt-owner'));

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}

/** A datagram through the forward from the host, and the guest's answer to it. */
async function roundTrip(link: PasstLink, hostPort: number, guestPort: number, text: string): Promise<string> {
  const { socket } = await hostSocket();
  const answer = once(socket, 'message');
  socket.send(text, hostPort, '127.0.0.1');
  const { udp, frame } = await datagram(link, ({ toPort }) => toPort === guestPort);
  expect(Buffer.from(udp.payload).toString()).toBe(text);
  const reply = { from: udp.to, fromPort: udp.toPort, to: udp.from, toPort: udp.fromPort };
  const bytes = udpFrame({ ...reply, payload: Buffer.from(`${text}, heard`) }, sourceMac(frame));
  link.send(pieces(bytes));
  link.flush();
  return String((await answer)[0]);
}

describe('user-mode network without passt', () => {
  test('a missing passt is a host failure with what to do', async () => {
    const failure = await failureOf(network([], { PATH: '/nonexistent' }));
    expect(failure).toMatchObject({ failureClass: 'host', code: 'passt-missing' });
    expect(failure.message).toBe('machine "net": its network needs passt, which is not installed');
    expect(failure.hint).toContain('sudo apt install passt');
  });
});

describe('user-mode network through passt', () => {
  need('passt');

  test('a datagram to the gateway reaches the host’s loopback address, and the answer comes back', async () => {
    const user = await network();
    const link = linkTo(user);
    const { socket, port } = await hostSocket();
    const heard = once(socket, 'message');
    const payload = Buffer.from('from the guest');
    const bytes = udpFrame(
      { from: '10.0.2.15', fromPort: 4000, to: '10.0.2.2', toPort: port, payload },
      [0x52, 0x55, 0x0a, 0, 2, 2],
    );
    link.send(pieces(bytes, 5, 30));
    link.flush();
    const [message, peer] = await heard;
    expect(String(message)).toBe('from the guest');
    socket.send('from the host', peer.port, peer.address);
    const { udp, frame } = await datagram(link, ({ toPort }) => toPort === 4000);
    expect([udp.from, udp.to, Buffer.from(udp.payload).toString()]).toEqual(['10.0.2.2', '10.0.2.15', 'from the host']);
    expect([...frame.subarray(0, NET_HEADER_BYTES)]).toEqual(new Array(NET_HEADER_BYTES).fill(0));
  });

  test('forwards lead in, and can be changed while the link stays', async () => {
    const [first, second] = [await freePort(), await freePort()];
    const user = await network([{ protocol: 'udp', hostPort: first, guestPort: 53 }]);
    const link = linkTo(user);
    expect(await roundTrip(link, first, 53, 'one')).toBe('one, heard');
    const pid = user.pid;
    await user.setForwards([{ protocol: 'udp', hostPort: second, guestPort: 5353 }]);
    expect(user.pid).not.toBe(pid);
    expect(await roundTrip(link, second, 5353, 'two')).toBe('two, heard');
    await user.setForwards([{ protocol: 'udp', hostPort: first, guestPort: 53 }]);
    expect(await roundTrip(link, first, 53, 'three')).toBe('three, heard');
  });

  test('a port somebody else has is named, and the forwards stay as they were', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    started.push({ dispose: () => other.close() });
    const taken = (other.address() as { port: number }).port;
    const failure = await failureOf(network([{ protocol: 'tcp', hostPort: taken, guestPort: 80 }]));
    expect(failure).toMatchObject({ failureClass: 'host', code: 'port-taken' });
    expect(failure.message).toBe(`machine "net": forward tcp 127.0.0.1:${taken} → 80: the port cannot be had`);
    const free = await freePort();
    const user = await network([{ protocol: 'udp', hostPort: free, guestPort: 53 }]);
    const link = linkTo(user);
    await failureOf(user.setForwards([{ protocol: 'tcp', hostPort: taken, guestPort: 80 }]));
    expect(user.forwards).toHaveLength(1);
    expect(await roundTrip(link, free, 53, 'still here')).toBe('still here, heard');
  });

  test('a passt that dies is started again under the same link', async () => {
    const port = await freePort();
    const user = await network([{ protocol: 'udp', hostPort: port, guestPort: 53 }]);
    const link = linkTo(user);
    const pid = user.pid!;
    process.kill(pid, 'SIGKILL');
    while (user.pid === pid) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await roundTrip(link, port, 53, 'again')).toBe('again, heard');
  });

  test('passt ends with the process it serves, however that ends', async () => {
    const host = spawn(process.execPath, [await ownerProgram()], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const pid = Number(String((await once(host.stdout, 'data'))[0]));
    expect(existsSync(`/proc/${pid}`)).toBe(true);
    host.kill('SIGKILL');
    await once(host, 'exit');
    while (existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 10));
  });
});

describe('user-mode network on a host without any route', () => {
  need('passt', 'root');

  test('still serves the guest', async () => {
    const owner = await ownerProgram();
    const result = spawnSync(
      'unshare',
      ['--net', 'sh', '-c', `ip link set lo up; "$0" "$1" once`, process.execPath, owner],
      {
        env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
        encoding: 'utf8',
      },
    );
    expect(result.stdout).toMatch(/^\d+\n$/);
  });
});
