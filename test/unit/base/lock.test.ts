import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lock } from '../../../src-main/base/lock.ts';
import { threadEntry } from './thread.ts';

let threads: Awaited<ReturnType<typeof threadEntry>>;
beforeAll(async () => {
  threads = await threadEntry('lock');
});
afterAll(() => threads.remove());

test('four threads that add under the lock lose no addition and never see half of one', async () => {
  const buffer = new SharedArrayBuffer(16);
  const times = 100_000;
  await Promise.all([1, 2, 3, 4].map(() => threads.start({ kind: 'count', buffer, times })));
  expect([...new Int32Array(buffer)]).toEqual([0, 4 * times, 4 * times, 0]);
});

test('a thread asleep on the lock goes on when it is released', async () => {
  const buffer = new SharedArrayBuffer(16);
  const words = new Int32Array(buffer);
  const lock = new Lock(words, 0);
  lock.acquire();
  const done = threads.start({ kind: 'count', buffer, times: 1 });
  while (Atomics.load(words, 0) !== 2) await new Promise(setImmediate);
  expect(words[1]).toBe(0);
  lock.release();
  await done;
  expect(words[1]).toBe(1);
});

test('holding releases the lock when its body throws', () => {
  const words = new Int32Array(new SharedArrayBuffer(4));
  const lock = new Lock(words, 0);
  expect(lock.holding(() => 7)).toBe(7);
  expect(() =>
    lock.holding(() => {
      throw new Error('body');
    }),
  ).toThrow('body');
  expect(words[0]).toBe(0);
});
