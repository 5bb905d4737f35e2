import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decompressed } from '../../../../src-main/containers/archive/decompress.ts';

const text = Buffer.from('all work and no play '.repeat(50_000));

async function all(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const pieces = (bytes: Buffer, length = 777): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
    })(),
  );

describe('decompression', () => {
  const half = text.length / 2;
  const forms: [string, Buffer][] = [
    ['plain', text],
    ['gzip', gzipSync(text)],
    ['gzip of several members', Buffer.concat([gzipSync(text.subarray(0, half)), gzipSync(text.subarray(half))])],
    ['zstd', zstdCompressSync(text)],
    [
      'zstd of several frames',
      Buffer.concat([zstdCompressSync(text.subarray(0, half)), zstdCompressSync(text.subarray(half))]),
    ],
  ];
  for (const [form, bytes] of forms) {
    test(`${form} is recognized by its first bytes and unpacked`, async () => {
      expect((await all(await decompressed(pieces(bytes)))).equals(text)).toBe(true);
      expect((await all(await decompressed(pieces(bytes, 1 << 20)))).equals(text)).toBe(true);
    });
  }

  for (const [form, bytes] of forms.slice(1)) {
    test(`${form}, cut short, is refused`, async () => {
      await expect(decompressed(pieces(bytes.subarray(0, bytes.length - 20))).then(all)).rejects.toThrow(/^archive: /);
    });
  }

  test('bzip2 and xz are named and refused', async () => {
    await expect(decompressed(pieces(Buffer.from('BZh91AY')))).rejects.toThrow('bzip2');
    await expect(decompressed(pieces(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])))).rejects.toThrow('xz');
  });
});
