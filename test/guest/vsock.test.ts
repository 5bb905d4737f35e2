import { existsSync, mkdirSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildGuestProgram } from '../support/guest/guest-program.ts';
import { GuestShell } from '../support/guest/guest-shell.ts';
import { need } from '../support/need.ts';
import { SLOWNESS } from '../support/slowness.ts';
import { eventually, VmHosts } from '../support/vm-hosts.ts';

const LONG_MS = 300_000 * SLOWNESS;
const MEGABYTE = 1_000_000;
const GUEST_PORT = 5000;
const HOST_PORT = 6000;

/** The bytes vsock-streams.c sends, and its sum of them. */
function pattern(length: number): { readonly bytes: Buffer; readonly sum: number } {
  const bytes = Buffer.alloc(length);
  let sum = 0;
  for (let i = 0; i < length; i++) {
    bytes[i] = (i * 7919) >>> 3;
    sum = (Math.imul(sum, 31) + bytes[i]!) >>> 0;
  }
  return { bytes, sum };
}

describe('sockets between host and guest on the translating accelerator', () => {
  const ready = need('gcc');
  let hosts: VmHosts;
  let id: string;
  let shell: GuestShell;
  const servers: Server[] = [];
  beforeAll(async () => {
    if (ready) hosts = await VmHosts.open();
  });
  afterAll(async () => {
    for (const server of servers) server.close();
    await hosts?.close();
  });

  const seen = (what: string, found: () => boolean): Promise<true> =>
    eventually(what, () => (found() ? true : undefined), LONG_MS);
  const login = async (times: number): Promise<void> => {
    await shell.logIn(times);
    await answer('mkdir -p /w; mount -t 9p -o trans=virtio,version=9p2000.L work /w');
  };
  const answer = (command: string): Promise<string> => shell.answer(command);
  /** A program on the host that the guest reaches at `port`. */
  const listen = (port: number, welcome: (socket: Socket) => void): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer({ allowHalfOpen: true }, welcome);
      servers.push(server);
      server.listen(`${hosts.paths(id).vsock}_${port}`, () => resolve(server));
    });
  /** Connects to a port of the guest's; undefined when that is refused. */
  const connect = (port: number): Promise<Socket | undefined> =>
    new Promise((resolve) => {
      const socket = createConnection({ path: hosts.paths(id).vsock, allowHalfOpen: true });
      socket.on('error', () => resolve(undefined));
      socket.once('end', () => resolve(void socket.destroy()));
      socket.once('data', (bytes) => {
        expect(bytes.toString()).toMatch(/^OK \d+\n$/);
        socket.removeAllListeners();
        resolve(socket.on('error', () => {}));
      });
      socket.write(`CONNECT ${port}\n`);
    });
  /** The same, once somebody listens there. */
  const reach = (port: number): Promise<Socket> => eventually('a listener', () => connect(port), LONG_MS);
  /** Everything a socket says until it ends. */
  const all = async (socket: Socket): Promise<Buffer> => Buffer.concat((await socket.toArray()) as Buffer[]);

  test('streams go both ways', { timeout: LONG_MS }, async () => {
    const folder = join(hosts.folder, 'work');
    mkdirSync(folder);
    buildGuestProgram('vsock-streams', folder);
    const made = await hosts.commandLine(
      ...['vm', 'create', 'talking', '--guest', 'tiny-linux', '--memory', '96M', '--accel', 'translated'],
      ...['--share', `${folder}:work`, '--vsock', '77', '--json'],
    );
    expect(made.stderr).toBe('');
    id = (JSON.parse(made.stdout) as { id: string }).id;
    shell = new GuestShell(hosts, id);
    await hosts.fleet.start(id);
    const { stdout } = await hosts.commandLine('vm', 'show', id, '--json');
    expect((JSON.parse(stdout) as { vsock: object }).vsock).toEqual({ cid: 77, path: hosts.paths(id).vsock });
    expect(await connect(GUEST_PORT)).toBeUndefined();
    await login(1);
    expect(await answer('dmesg | grep -iE "vsock|virtio" | grep -icE "warn|error|fail"')).toBe('0');
    expect(await connect(GUEST_PORT)).toBeUndefined();
    expect(await answer(`/w/vsock-streams hold ${HOST_PORT}`)).toBe('104');

    await answer(`(/w/vsock-streams echo ${GUEST_PORT} &)`);
    const { bytes, sum } = pattern(10 * MEGABYTE);
    const socket = await reach(GUEST_PORT);
    socket.end(bytes);
    expect((await all(socket)).equals(bytes)).toBe(true);

    await listen(HOST_PORT, (peer) => void peer.pipe(peer));
    expect(await answer(`/w/vsock-streams send ${HOST_PORT} ${10 * MEGABYTE}`)).toBe(`${10 * MEGABYTE} ${sum}`);
  });

  test('many connections, one after another and at once', { timeout: LONG_MS }, async () => {
    expect(await answer(`/w/vsock-streams many ${HOST_PORT} 200`)).toBe('200');
    const sockets = await Promise.all(Array.from({ length: 60 }, () => connect(GUEST_PORT)));
    for (const [index, socket] of sockets.entries()) {
      socket!.end(`number ${index}`);
      expect((await all(socket!)).toString()).toBe(`number ${index}`);
    }
  });

  test('either side’s end is the other’s, and a reset is both’s', { timeout: LONG_MS }, async () => {
    await listen(HOST_PORT + 1, (peer) => peer.destroy());
    expect(await answer(`/w/vsock-streams hold ${HOST_PORT + 1}`)).toBe('0');
    const ended = new Promise<void>((resolve) => {
      void listen(HOST_PORT + 2, (peer) => peer.resume().on('end', () => resolve(void peer.destroy())));
    });
    await answer(`(/w/vsock-streams hold ${HOST_PORT + 2} & sleep 1; kill -9 $!)`);
    await ended;

    const socket = await reach(GUEST_PORT);
    // What it wrote and nobody read is lost: that may be an error.
    const gone = new Promise((resolve) => {
      socket
        .resume()
        .once('end', () => socket.destroy())
        .once('close', resolve);
    });
    const words = setInterval(() => socket.write(Buffer.alloc(100_000)), 5);
    await hosts.commandLine('vm', 'reset', id);
    await gone;
    clearInterval(words);
    await login(2);
    await answer(`(/w/vsock-streams echo ${GUEST_PORT} &)`);
    const again = await reach(GUEST_PORT);
    again.end('as before');
    expect((await all(again)).toString()).toBe('as before');

    const { vsock } = hosts.paths(id);
    expect(existsSync(vsock)).toBe(true);
    await hosts.fleet.kill(id);
    await seen('the socket’s end', () => !existsSync(vsock));
  });
});
