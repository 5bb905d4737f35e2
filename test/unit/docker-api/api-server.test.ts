import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Failure } from '../../../src-main/base/failure.ts';
import { EngineClient } from '../../../src-main/docker-api/client/engine-client.ts';
import { ApiServer } from '../../../src-main/docker-api/server/api-server.ts';
import { json, route } from '../../../src-main/docker-api/server/route.ts';
import { temporaryHome } from '../../support/temporary-home.ts';

const { home } = temporaryHome();
const path = join(home, 'api.sock');
const routes = [
  route('GET', '/_ping', {}, () => ({ kind: 'text', status: 200, text: 'OK' })),
  route('HEAD', '/_ping', {}, () => ({ kind: 'text', status: 200, text: 'OK' })),
  route('GET', '/things/{name...}/json', {}, ({ path: { name } }) => json({ name })),
  route('POST', '/things', { body: z.object({ Size: z.number() }) }, ({ body }) => json(body, 201)),
  route('GET', '/gone', {}, () => {
    throw new Failure('not-found', 'no-such-thing', 'thing: there is none');
  }),
  route('GET', '/broken', {}, () => {
    throw new TypeError('a defect');
  }),
  route('POST', '/echo', { body: z.object({ Detach: z.boolean().optional() }) }, () => ({
    kind: 'hijack',
    contentType: 'application/vnd.docker.raw-stream',
    talk: async (peer) => {
      for await (const chunk of peer) peer.write(chunk);
      peer.end();
    },
  })),
];
const server = new ApiServer(routes, { version: '1.2.3' });
const client = new EngineClient(path);

beforeAll(() => new Promise<void>((resolve) => server.http.listen(path, resolve)));
afterAll(() => server.dispose());

/** Everything a bare connection hears after it has said `text`. */
function say(text: string | Uint8Array, hold?: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(heard));
    socket.write(text);
    if (hold) hold(socket);
    else socket.end();
  });
}

describe('Docker API 1.47: the server', () => {
  test('a ping says which versions are spoken', async () => {
    const heard = await say('GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(heard).toMatch(/^Api-Version: 1\.47\r$/m);
    expect(heard).toMatch(/^Server: Bulkhead\/1\.2\.3 \(linux\)\r$/m);
    expect(heard.endsWith('\r\n\r\nOK')).toBe(true);
    expect(await say('HEAD /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/\r\n\r\n$/);
  });

  test('a path is the same with a version in front; one too old or too new is refused', async () => {
    expect(await client.json('GET', '/things/a/b:c/json')).toEqual({ name: 'a/b:c' });
    for (const [version, words] of [
      ['1.23', 'too old'],
      ['1.99', 'too new'],
    ]) {
      const heard = await say(`GET /v${version}/things/a/json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(heard).toMatch(/^HTTP\/1\.1 400 /);
      expect(heard).toContain(words);
    }
  });

  test('failures come as JSON with the status of their class', async () => {
    await expect(client.json('GET', '/gone')).rejects.toMatchObject({
      failureClass: 'not-found',
      message: 'thing: there is none',
    });
    await expect(client.json('GET', '/nowhere')).rejects.toMatchObject({ message: 'page not found' });
    await expect(client.json('POST', '/gone')).rejects.toMatchObject({ facts: { status: 405 } });
    await expect(client.json('GET', '/broken')).rejects.toMatchObject({ facts: { status: 500 } });
    await expect(client.json('POST', '/things', { body: { Size: 'x' } })).rejects.toMatchObject({
      failureClass: 'usage',
      message: expect.stringContaining('Size'),
    });
  });

  test('a hijacked connection carries bytes both ways, and each side ends on its own', async () => {
    const peer = await client.hijack('/echo', { body: { Detach: false } });
    let heard = '';
    peer.on('data', (chunk) => {
      heard += chunk;
    });
    peer.end('to and fro');
    await new Promise((resolve) => peer.on('close', resolve));
    expect(heard).toBe('to and fro');
  });

  test('a hijack without an upgrade is a bare 200 and then the bytes', async () => {
    const heard = await say('POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}');
    expect(heard).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(heard).not.toMatch(/Transfer-Encoding/i);
  });

  test('an upgrade to something else is an ordinary request', async () => {
    const heard = await say('GET /gone HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1\.1 404 /);
    expect(heard).toContain('thing: there is none');
  });

  test('whoever sends much of what nobody wants hears the refusal when done; whoever never ends is cut off', async () => {
    const heard = await say(
      `POST /gone HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${8 << 20}\r\n\r\n${'z'.repeat(8 << 20)}`,
    );
    expect(heard).toMatch(/^HTTP\/1\.1 405 /);
    const endless = say('POST /gone HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n', (socket) => {
      const chunk = `100000\r\n${'z'.repeat(1 << 20)}\r\n`;
      const more = (): void => {
        while (socket.writable && socket.write(chunk));
      };
      socket.on('drain', more);
      more();
    });
    await endless.catch((error: NodeJS.ErrnoException) => expect(error.code).toMatch(/EPIPE|ECONNRESET/));
    expect(await client.json('GET', '/things/still-here/json')).toEqual({ name: 'still-here' });
  });

  test('garbage, endless headers, huge bodies and half a request end that connection and nothing else', async () => {
    expect(await say(Buffer.from([0, 1, 2, 3, 255, 13, 10, 13, 10]))).toMatch(/^HTTP\/1\.1 400 /);
    const endless = `GET /_ping HTTP/1.1\r\nHost: x\r\n${'X-Long: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n'.repeat(4000)}`;
    await say(endless).catch(() => undefined);
    const huge = `{"Size": 1, "Rest": "${'z'.repeat(5 << 20)}"}`;
    await expect(client.json('POST', '/things', { body: JSON.parse(huge) })).rejects.toThrow('more than');
    await say('POST /things HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"Si', (socket) => {
      setImmediate(() => socket.destroy());
    });
    await say(
      'POST /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 99\r\n\r\n{',
      (s) => {
        setImmediate(() => s.destroy());
      },
    );
    expect(await client.json('GET', '/things/still-here/json')).toEqual({ name: 'still-here' });
  });

  test('the socket is not taken from under another server', async () => {
    const other = createServer();
    await expect(
      new Promise((_resolve, reject) => {
        other.on('error', reject);
        other.listen(path);
      }),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
