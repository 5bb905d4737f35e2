import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConsoleServer } from '../../../../src-main/vmm/console/console-server.ts';
import { SCROLLBACK_BYTES, SerialLog } from '../../../../src-main/vmm/console/serial-log.ts';
import { eventually, Visitor } from '../../../support/vm-hosts.ts';

describe('the console’s socket', () => {
  let folder: string;
  let path: string;
  let log: SerialLog;
  let server: ConsoleServer;
  let typed: Buffer;
  let room: number;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bulkhead-con-'));
    path = join(folder, 'serial0.sock');
    log = new SerialLog(join(folder, 'serial0.log'), 1 << 20);
    typed = Buffer.alloc(0);
    room = Number.POSITIVE_INFINITY;
    server = new ConsoleServer(log, (bytes) => {
      const taken = bytes.subarray(0, Math.min(room, bytes.length));
      room -= taken.length;
      typed = Buffer.concat([typed, taken]);
      return taken.length;
    });
    await server.listen(path);
  });
  afterEach(() => {
    server.dispose();
    log.dispose();
    rmSync(folder, { recursive: true });
  });

  async function visit(): Promise<Visitor> {
    const before = server.visitorCount;
    const visitor = await Visitor.connect(path);
    await eventually('the visitor', () => server.visitorCount > before || undefined);
    return visitor;
  }

  function print(text: string | Buffer): void {
    log.append(Buffer.from(text));
    server.update();
  }

  it('is for its owner alone', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('gives a late visitor the last 256 KiB, then what comes', async () => {
    const all = Buffer.alloc(SCROLLBACK_BYTES + 1000, 'scrollback ');
    print(all);
    const visitor = await visit();
    await visitor.has(SCROLLBACK_BYTES);
    print('and on');
    const got = await visitor.has(SCROLLBACK_BYTES + 6);
    expect(got.equals(Buffer.concat([all.subarray(1000), Buffer.from('and on')]))).toBe(true);
  });

  it('holds back what the guest has no room for, in order, and delivers it also after the visitor has gone', async () => {
    room = 3;
    const visitor = await visit();
    visitor.socket.end('abcdefgh');
    await eventually('three bytes', () => typed.length === 3 || undefined);
    await eventually('the visitor to be gone', () => server.visitorCount === 0 || undefined);
    room = 100;
    await eventually('the rest', () => typed.length === 8 || undefined);
    expect(typed.toString()).toBe('abcdefgh');
  });

  it('drops a visitor only when the log has been rotated past it', async () => {
    const sluggard = await visit();
    sluggard.socket.pause();
    for (let i = 0; i < 64; i++) print(Buffer.alloc(64 * 1024, i));
    sluggard.socket.resume();
    await eventually('its being dropped', () => server.visitorCount === 0 || undefined);
    await eventually('the end of the stream', () => sluggard.closed || undefined);
    expect(sluggard.bytes.every((byte, at) => byte === Math.floor(at / 65_536))).toBe(true);
  });

  it('closing, first sends a slow visitor all that was printed', async () => {
    const visitor = await visit();
    visitor.socket.pause();
    const all = Buffer.alloc(900_000, 'the end ');
    print(all);
    const closed = server.close();
    visitor.socket.resume();
    await closed;
    expect((await visitor.has(all.length)).equals(all)).toBe(true);
    await eventually('the end of the stream', () => visitor.closed || undefined);
  });
});
