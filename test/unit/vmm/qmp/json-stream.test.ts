import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonStream, MAX_MESSAGE_BYTES } from '../../../../src-main/vmm/qmp/json-stream.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a stream of JSON messages', () => {
  it('is split where braces balance, wherever its pieces are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }),
        fc.nat(7),
        (messages, cut) => {
          const all = bytes(messages.map((message) => JSON.stringify(message)).join(' \r\n'));
          const stream = new JsonStream();
          const items = [];
          for (let at = 0; at < all.length; at += cut + 1) items.push(...stream.push(all.subarray(at, at + cut + 1)));
          expect(items).toEqual(messages.map((message) => ({ value: JSON.parse(JSON.stringify(message)) })));
        },
      ),
    );
  });

  it('never throws and never yields more than its input, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        const stream = new JsonStream();
        expect(stream.push(garbage).length).toBeLessThanOrEqual(garbage.length);
        stream.push(bytes('\n"}]}]}]}]\n'));
      }),
    );
  });

  it('complains once about a line that is no message, and goes on behind it', () => {
    const items = new JsonStream().push(bytes('rubbish and more {"a":1}\n{"b":2}'));
    expect(items).toEqual([{ error: 'syntax' }, { value: { b: 2 } }]);
  });

  it('complains about a message that is longer than the bound, skips its line, and goes on', () => {
    const stream = new JsonStream();
    const piece = bytes('x'.repeat(1024));
    const items = [...stream.push(bytes('{"a":"'))];
    for (let sent = 0; sent < 4 * MAX_MESSAGE_BYTES; sent += piece.length) items.push(...stream.push(piece));
    items.push(...stream.push(bytes('"}\n{"b":2}')));
    expect(items).toEqual([{ error: 'too-long' }, { value: { b: 2 } }]);
  });

  it('takes a message of exactly the bound, and not one byte more', () => {
    const message = (length: number) => bytes(`{"a":"${'x'.repeat(length - 8)}"}`);
    expect(new JsonStream().push(message(MAX_MESSAGE_BYTES))).toHaveLength(1);
    expect(new JsonStream().push(message(MAX_MESSAGE_BYTES))[0]).toHaveProperty('value');
    expect(new JsonStream().push(message(MAX_MESSAGE_BYTES + 1))).toEqual([{ error: 'too-long' }]);
  });
});
