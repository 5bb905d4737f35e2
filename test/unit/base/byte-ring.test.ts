import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ByteRing } from '../../../src-main/base/byte-ring.ts';
import { threadEntry } from './thread.ts';
import { patternByte } from './thread-tasks.ts';

describe('in one thread', () => {
  test('a fresh ring is empty, all of its capacity usable', () => {
    const ring = ByteRing.allocate(8);
    expect([ring.length, ring.space, ring.shift()]).toEqual([0, 8, -1]);
    expect(ring.pushBytes(new Uint8Array(20))).toBe(8);
    expect([ring.length, ring.space, ring.push(1)]).toEqual([8, 0, false]);
  });

  test('a capacity that is not a power of two is refused', () => {
    for (const capacity of [0, 3, 100]) expect(() => ByteRing.allocate(capacity)).toThrow('power of two');
  });

  test('whatever is pushed and shifted, it behaves as a bounded queue, also where its counters wrap', () => {
    const step = fc.oneof(
      fc.record({ push: fc.uint8Array({ maxLength: 40 }) }),
      fc.record({ shift: fc.nat(40) }),
      fc.constant({ clear: true }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.constantFrom(0, -20, 0x7fff_fff0), (steps, start) => {
        const buffer = new SharedArrayBuffer(ByteRing.HEADER_BYTES + 32);
        new Int32Array(buffer, 0, 2).fill(start);
        const ring = new ByteRing(buffer, 0, 32);
        const queue: number[] = [];
        for (const each of steps) {
          if ('push' in each) {
            const count = ring.pushBytes(each.push);
            expect(count).toBe(Math.min(each.push.length, 32 - queue.length));
            queue.push(...each.push.subarray(0, count));
          } else if ('shift' in each) {
            const target = new Uint8Array(each.shift);
            const count = ring.shiftInto(target);
            expect([...target.subarray(0, count)]).toEqual(queue.splice(0, each.shift));
          } else {
            ring.clear();
            queue.length = 0;
          }
          expect([ring.length, ring.space]).toEqual([queue.length, 32 - queue.length]);
        }
      }),
    );
  });

  test('readable settles at once when a byte is there, and for every waiter when one comes', async () => {
    const ring = ByteRing.allocate(8);
    const waiting = Promise.all([ring.readable(), ring.readable()]);
    ring.push(1);
    await waiting;
    await ring.readable();
    expect(ring.shift()).toBe(1);
  });
});

describe('between threads', () => {
  let threads: Awaited<ReturnType<typeof threadEntry>>;
  beforeAll(async () => {
    threads = await threadEntry('byte-ring');
  });
  afterAll(() => threads.remove());

  test.each([64, 65_536])('millions of bytes through a ring of %i arrive whole and in order', async (capacity) => {
    const count = capacity === 64 ? 1_000_000 : 8_000_000;
    const buffer = new SharedArrayBuffer(ByteRing.HEADER_BYTES + capacity);
    const ring = new ByteRing(buffer, 0, capacity);
    const done = threads.start({ kind: 'produce', buffer, capacity, count });
    const chunk = new Uint8Array(capacity);
    let received = 0;
    let wrong = 0;
    while (received < count) {
      await ring.readable();
      const length = ring.shiftInto(chunk);
      for (let i = 0; i < length; i++) if (chunk[i] !== patternByte(received + i)) wrong++;
      received += length;
    }
    await done;
    expect([received, wrong, ring.length]).toEqual([count, 0, 0]);
  });
});
