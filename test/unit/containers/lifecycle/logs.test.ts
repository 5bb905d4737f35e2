import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { timeOf } from '../../../../src-main/containers/lifecycle/logs/log-entry.ts';
import { type LogSelection, readLog } from '../../../../src-main/containers/lifecycle/logs/log-reader.ts';
import { LogWriter } from '../../../../src-main/containers/lifecycle/logs/log-writer.ts';
import { temporaryHome } from '../../../support/temporary-home.ts';

const { home } = temporaryHome();
let files = 0;
const freshPath = (): string => join(home, `log-${files++}`);
const all: LogSelection = { stdout: true, stderr: true };

async function texts(path: string, selection: LogSelection): Promise<string[]> {
  const entries: string[] = [];
  for await (const entry of readLog(path, selection)) entries.push(entry.text);
  return entries;
}

describe('json-file logs', () => {
  test('a line is an entry, with its stream and its time; the rest of one is written when the output ends', async () => {
    const path = freshPath();
    const log = new LogWriter(path, undefined, () => 1_700_000_000_123.456);
    log.write('stdout', Buffer.from('one\ntw'));
    log.write('stderr', Buffer.from('oops\n'));
    log.write('stdout', Buffer.from('o'));
    log.dispose();
    expect(
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { log: 'one\n', stream: 'stdout', time: '2023-11-14T22:13:20.123456055Z' },
      { log: 'oops\n', stream: 'stderr', time: '2023-11-14T22:13:20.123456055Z' },
      { log: 'two', stream: 'stdout', time: '2023-11-14T22:13:20.123456055Z' },
    ]);
    expect(await texts(path, { stdout: true, stderr: false })).toEqual(['one\n', 'two']);
  });

  test('a long line is cut at 16 KiB, never inside a character', async () => {
    const path = freshPath();
    const log = new LogWriter(path);
    const line = `x${'é'.repeat(20_000)}\n`;
    for (const byte of Buffer.from(line).subarray(0, 10)) log.write('stdout', Buffer.from([byte]));
    log.write('stdout', Buffer.from(line).subarray(10));
    log.dispose();
    expect((await texts(path, all)).join('')).toBe(line);
  });

  test('the last entries, over a rotation as well', async () => {
    const path = freshPath();
    const log = new LogWriter(path, { maxSize: 4000, maxFiles: 3 });
    for (let i = 0; i < 200; i++) log.write('stdout', Buffer.from(`line ${i}\n`));
    log.dispose();
    expect(existsSync(`${path}.2`)).toBe(true);
    expect(existsSync(`${path}.3`)).toBe(false);
    expect(await texts(path, { ...all, tail: 3 })).toEqual(['line 197\n', 'line 198\n', 'line 199\n']);
    const tail = await texts(path, { ...all, tail: 70 });
    expect(tail.length).toBe(70);
    expect(tail[0]).toBe('line 130\n');
    expect((await texts(path, all)).at(-1)).toBe('line 199\n');
    expect(await texts(path, { ...all, tail: 0 })).toEqual([]);
  });

  test('since and until are moments', async () => {
    const path = freshPath();
    let now = 1000;
    const log = new LogWriter(path, undefined, () => now);
    for (const text of ['a', 'b', 'c']) {
      log.write('stdout', Buffer.from(`${text}\n`));
      now += 1000;
    }
    log.dispose();
    expect(await texts(path, { ...all, sinceMs: 2000 })).toEqual(['b\n', 'c\n']);
    expect(await texts(path, { ...all, untilMs: 2000 })).toEqual(['a\n', 'b\n']);
  });

  test('a follower gets what is written later, through a rotation, until the output ends', async () => {
    const path = freshPath();
    const log = new LogWriter(path, { maxSize: 300, maxFiles: 2 });
    log.write('stdout', Buffer.from('before\n'));
    let live = true;
    const { signal } = new AbortController();
    const heard: string[] = [];
    const following = (async () => {
      for await (const entry of readLog(path, all, { grown: log.grown, live: () => live, gone: signal })) {
        heard.push(entry.text);
      }
    })();
    for (let i = 0; i < 12; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      while (heard.length < i + 1) await new Promise((resolve) => setImmediate(resolve));
      log.write('stdout', Buffer.from(`${i}\n`));
    }
    live = false;
    log.dispose();
    await following;
    expect(heard).toEqual(['before\n', ...Array.from({ length: 12 }, (_, i) => `${i}\n`)]);
  });

  test('what a crash left half written is passed over', async () => {
    const path = freshPath();
    const log = new LogWriter(path);
    log.write('stdout', Buffer.from('good\n'));
    log.dispose();
    const torn = `${readFileSync(path, 'utf8')}{"log":"ba`;
    (await import('node:fs')).writeFileSync(path, `${torn}\n${readFileSync(path, 'utf8')}`);
    expect(await texts(path, all)).toEqual(['good\n', 'good\n']);
  });

  test('times survive their nine digits', () => {
    expect(timeOf({ output: 'stdout', text: '', time: '2023-11-14T22:13:20.123456000Z' })).toBeCloseTo(
      1_700_000_000_123.456,
      2,
    );
  });
});
