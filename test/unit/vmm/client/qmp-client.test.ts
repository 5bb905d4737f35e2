import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { asFailure } from '../../../../src-main/base/failure.ts';
import { QmpClient, type QmpEvent } from '../../../../src-main/vmm/client/qmp-client.ts';
import { temporaryHome } from '../../../support/temporary-home.ts';

const { home } = temporaryHome();
const GREETING = '{"QMP": {"version": {}, "capabilities": []}}\r\n';
let server: Server | undefined;
let sockets: Socket[] = [];
let count = 0;

/** A server that greets with `greeting` and answers each line by `answer`. */
async function serve(greeting: string, answer: (line: string, socket: Socket) => void): Promise<string> {
  const path = join(home, `qmp${count++}.sock`);
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(greeting);
    let text = '';
    socket.on('data', (chunk) => {
      const lines = (text + chunk).split('\n');
      text = lines.pop()!;
      for (const line of lines) answer(line, socket);
    });
  });
  await new Promise<void>((resolve) => server!.listen(path, resolve));
  return path;
}

/** Accepts everything, returning the command's own name. */
const echo = (line: string, socket: Socket): void => {
  const { execute, id } = JSON.parse(line) as { execute: string; id: number };
  socket.write(`${JSON.stringify({ return: execute, id })}\r\n`);
};

const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'done',
    (error) => asFailure(error).code,
  );

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  server?.close();
});

describe('a QMP client', () => {
  it('qmp-spec §2.2: reads the greeting, negotiates capabilities, then runs commands', async () => {
    const asked: string[] = [];
    const path = await serve(GREETING, (line, socket) => {
      asked.push((JSON.parse(line) as { execute: string }).execute);
      echo(line, socket);
    });
    const client = await QmpClient.connect(path);
    expect(await client.execute('query-status')).toBe('query-status');
    expect(asked).toEqual(['qmp_capabilities', 'query-status']);
    client.dispose();
  });

  it('qmp-spec §2.3: matches answers to commands by id, in whatever order and pieces they come', async () => {
    const held: string[] = [];
    const path = await serve(GREETING, (line, socket) => {
      if (line.includes('qmp_capabilities')) return echo(line, socket);
      held.push(line);
      if (held.length < 2) return;
      const [first, second] = held.map((text) => JSON.parse(text) as { id: number; execute: string });
      const text = [second!, first!].map(({ id, execute }) => JSON.stringify({ return: execute, id })).join('\r\n');
      socket.write(text.slice(0, 9));
      setImmediate(() => socket.write(`${text.slice(9)}\r\n`));
    });
    const client = await QmpClient.connect(path);
    expect(await Promise.all([client.execute('a'), client.execute('b')])).toEqual(['a', 'b']);
    client.dispose();
  });

  it('qmp-spec §2.5: passes events on between answers', async () => {
    const path = await serve(GREETING, (line, socket) => {
      socket.write('{"event": "STOP", "data": {"why": 1}, "timestamp": {"seconds": 1, "microseconds": 2}}\r\n');
      echo(line, socket);
    });
    const client = await QmpClient.connect(path);
    const events: QmpEvent[] = [];
    client.onEvent((event) => events.push(event));
    await client.execute('stop');
    expect(events).toEqual([{ event: 'STOP', data: { why: 1 } }]);
    client.dispose();
  });

  it('a refused command fails with the server’s words', async () => {
    const path = await serve(GREETING, (line, socket) => {
      if (line.includes('qmp_capabilities')) return echo(line, socket);
      const { id } = JSON.parse(line) as { id: number };
      socket.write(`${JSON.stringify({ error: { class: 'DeviceNotActive', desc: 'it is off' }, id })}\r\n`);
    });
    const client = await QmpClient.connect(path);
    await expect(client.execute('eject')).rejects.toMatchObject({ failureClass: 'state', message: 'eject: it is off' });
    client.dispose();
  });

  it('nobody listening, or nothing there, is qmp-gone', async () => {
    expect(await codeOf(QmpClient.connect(join(home, 'nothing.sock')))).toBe('qmp-gone');
  });

  it('a server that says nothing is qmp-silent, at the greeting and later', async () => {
    expect(await codeOf(QmpClient.connect(await serve('', () => undefined), 50))).toBe('qmp-silent');
    server?.close();
    const mute = await serve(GREETING, (line, socket) => line.includes('capabilities') && echo(line, socket));
    const client = await QmpClient.connect(mute);
    expect(await codeOf(client.execute('query-status', undefined, 50))).toBe('qmp-silent');
    client.dispose();
  });

  it.each([
    ['text', 'SSH-2.0-OpenSSH\r\n'],
    ['a list of nothing', '7\r\n'],
    ['a line without an end', 'x'.repeat(2 << 20)],
  ])('%s instead of QMP is qmp-garbage', async (_what, greeting) => {
    const path = await serve(greeting, () => undefined);
    expect(await codeOf(QmpClient.connect(path))).toBe('qmp-garbage');
  });

  it('the server’s end fails what was asked and is told once', async () => {
    const path = await serve(GREETING, (line, socket) => {
      if (line.includes('qmp_capabilities')) echo(line, socket);
      else socket.destroy();
    });
    const client = await QmpClient.connect(path);
    const told: string[] = [];
    client.onClose(({ code }) => told.push(code));
    expect(await codeOf(client.execute('quit'))).toBe('qmp-gone');
    expect(await codeOf(client.execute('quit'))).toBe('qmp-gone');
    client.onClose(({ code }) => told.push(code));
    client.dispose();
    expect(told).toEqual(['qmp-gone', 'qmp-gone']);
  });
});
