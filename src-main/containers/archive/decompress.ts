import { Readable, Transform } from 'node:stream';
import zlib from 'node:zlib';
import { badArchive } from './tar-entry.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Large: every chunk costs a trip to the thread pool and back. */
const CHUNK = 1 << 20;
const MAGIC_BYTES = 6;

const magics: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/** By the first bytes, whatever anybody called it. */
export function compressionOf(start: Uint8Array): Compression {
  const name = magics.find(([, bytes]) => bytes.every((byte, index) => start[index] === byte))?.[0] ?? 'none';
  if (name === 'bzip2' || name === 'xz') throw badArchive(`it is compressed with ${name}, which is not supported`);
  return name as Compression;
}

/** The archive's own bytes: unpacked if they are compressed. Errors of the source and of the data end the result. */
export async function decompressed(source: Readable): Promise<Readable> {
  const { start, whole } = await peek(source);
  const compression = compressionOf(start);
  if (compression === 'none') return whole;
  const unpack = compression === 'gzip' ? zlib.createGunzip({ chunkSize: CHUNK }) : await zstdDecompress();
  whole.once('error', (error) => unpack.destroy(error));
  unpack.once('close', () => whole.destroy());
  return Readable.from(readingErrors(whole.pipe(unpack)), { objectMode: false, highWaterMark: 2 * CHUNK });
}

/** Damage found by zlib, in words. */
async function* readingErrors(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* stream;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (/^Z_/.test(code)) throw badArchive(`its compressed data is damaged or cut short (${code})`);
    throw error;
  }
}

async function peek(source: Readable): Promise<{ start: Buffer; whole: Readable }> {
  const iterator = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let start: Buffer = Buffer.alloc(0);
  let ended = false;
  while (start.length < MAGIC_BYTES && !ended) {
    const next = await iterator.next();
    if (next.done) ended = true;
    else start = Buffer.concat([start, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (start.length > 0) yield start;
      while (!ended) {
        const next = await iterator.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      source.destroy();
    }
  }
  return { start, whole: Readable.from(all(), { objectMode: false, highWaterMark: 2 * CHUNK }) };
}

/** Not Node's own: that ends without a word after the first of several frames, and where a frame is cut short. */
async function zstdDecompress(): Promise<Transform> {
  const { Decompress } = await import('fzstd');
  let out: Buffer[] = [];
  const unpack = new Decompress((chunk) => void out.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)));
  const step = (chunk: Uint8Array, last: boolean, done: (error?: Error | null) => void, stream: Transform): void => {
    try {
      unpack.push(chunk, last);
    } catch (error) {
      done(badArchive(`its compressed data is damaged or cut short (${(error as Error).message})`));
      return;
    }
    for (const piece of out) stream.push(piece);
    out = [];
    done();
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      step(new Uint8Array(chunk), false, done, this);
    },
    flush(done) {
      step(new Uint8Array(0), true, done, this);
    },
  });
}
