import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { type HeldPort, holdPort } from '../../../../src-main/containers/networks/published-ports.ts';

const sockets: Socket[] = [];
const ports: HeldPort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.dispose();
  for (const socket of sockets.splice(0)) socket.close();
});

async function bound(type: 'udp4' | 'udp6', address: string): Promise<Socket> {
  const socket = createSocket(type);
  sockets.push(socket);
  socket.bind(0, address);
  await once(socket, 'listening');
  return socket;
}

/** The container: says back what it hears, and from which port it came. */
async function container(): Promise<{ port: number }> {
  const socket = await bound('udp4', '127.0.0.1');
  socket.on('message', (message, from) => socket.send(`${message} by ${from.port}`, from.port, from.address));
  return socket.address();
}

async function publish(port: number, hostAddress = ''): Promise<number> {
  const held = await holdPort({ protocol: 'udp', port, hostAddress, candidates: [] }, '127.0.0.1');
  ports.push(held);
  return held.publication.hostPort;
}

/** What comes back, and whence. */
async function ask(from: Socket, text: string, port: number, address: string) {
  from.send(text, port, address);
  const [answer, whence] = (await once(from, 'message')) as [Buffer, { address: string; port: number }];
  return { answer: `${answer}`, from: `${whence.address} ${whence.port}` };
}

const able = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

test.skipIf(!able)(
  'a datagram over IPv6 reaches the container; its answer comes out of the published port',
  async () => {
    const port = await publish((await container()).port);
    const client = await bound('udp6', '::1');
    const first = await ask(client, 'one', port, '::1');
    expect(first).toMatchObject({ answer: expect.stringMatching(/^one by \d+$/), from: `::1 ${port}` });
    // The same sender is the same to the container, another one another.
    const second = await ask(client, 'one', port, '::1');
    expect(second.answer).toBe(first.answer);
    const other = await ask(await bound('udp6', '::1'), 'one', port, '::1');
    expect(other.answer).not.toBe(first.answer);
  },
);

test.skipIf(!able)('a port published at one IPv6 address is that one’s alone', async () => {
  const port = await publish((await container()).port, '::1');
  expect(ports[0]?.bindings).toEqual([{ HostIp: '::1', HostPort: `${port}` }]);
  const client = await bound('udp6', '::1');
  expect(await ask(client, 'to it', port, '::1')).toMatchObject({ from: `::1 ${port}` });
});

test.skipIf(!able)('a port that somebody has over IPv6 is not given away over IPv4', async () => {
  const { port } = (await bound('udp6', '::1')).address();
  const wish = { protocol: 'udp', port: 7, hostAddress: '', candidates: [port] } as const;
  await expect(holdPort(wish, '127.0.0.1')).rejects.toThrow(/port is already allocated/);
});

test.skipIf(!able)('both families are told', async () => {
  const port = await publish(7);
  expect(ports[0]?.bindings).toEqual([
    { HostIp: '0.0.0.0', HostPort: `${port}` },
    { HostIp: '::', HostPort: `${port}` },
  ]);
});
