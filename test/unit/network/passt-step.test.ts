/** That passt stays in step with what is sent to it, by a model of the socket and of passt's end of it. */
import { expect, test, vi } from 'vitest';
import type { IoVector } from '../../../src-main/linux/io-vector.ts';
import { SocketPair } from '../../../src-main/linux/socket.ts';
import { NET_HEADER_BYTES } from '../../../src-main/network/net-backend.ts';
import { PasstLink } from '../../../src-main/network/passt/passt-link.ts';
import { Random } from '../../support/random.ts';
import { pieces } from './guest-frames.ts';

/** net/unix/af_unix.c, unix_stream_sendmsg: in how many bytes a message is taken apart on the way. */
const CHUNK_BYTES = 36 * 1024;
const SOCKET_BYTES = 212_992;
const WOULD_BLOCK = -1;
/** The model stands where the socket would be. */
const NO_DESCRIPTOR = 1_000_000;

/**
 * A stream socket that takes no more when it is full, and the passt of 2023 behind it: it takes all there is; of a frame of
 * which a part was there it waits for more, and has to get the whole rest with the first that comes.
 */
const model = vi.hoisted(() => ({
  chunks: [] as Buffer[],
  lacks: 0,
  unread: Buffer.alloc(0),
  heard: [] as Buffer[],
  outOfStep: 0,
}));

vi.mock(import('../../../src-main/linux/socket.ts'), async (original) => {
  const socket = await original();
  return {
    ...socket,
    SocketMessage: class extends socket.SocketMessage {
      override send(): number {
        return sendTo(this.vector);
      }
    },
  };
});

function sendTo(vector: IoVector): number {
  const bytes = Buffer.alloc(vector.bytes);
  vector.copyTo(bytes, 0);
  let sent = 0;
  while (sent < bytes.length && held() < SOCKET_BYTES) {
    const chunk = bytes.subarray(sent, sent + CHUNK_BYTES);
    sent += chunk.length;
    model.chunks.push(chunk);
    if (model.lacks > 0) readWhatLacks();
  }
  return sent > 0 ? sent : WOULD_BLOCK;
}

const held = (): number => model.chunks.reduce((sum, { length }) => sum + length, 0);

function readWhatLacks(): void {
  const [chunk, ...more] = model.chunks as [Buffer, ...Buffer[]];
  if (chunk.length < model.lacks) model.outOfStep++;
  model.unread = Buffer.concat([model.unread, chunk.subarray(0, model.lacks)]);
  const rest = chunk.subarray(model.lacks);
  model.chunks = rest.length > 0 ? [rest, ...more] : more;
  model.lacks = 0;
  takeFrames();
}

function readAll(): void {
  model.unread = Buffer.concat([model.unread, ...model.chunks]);
  model.chunks = [];
  takeFrames();
}

function takeFrames(): void {
  let { unread } = model;
  while (unread.length >= 4 && unread.length >= 4 + unread.readUInt32BE()) {
    const end = 4 + unread.readUInt32BE();
    model.heard.push(Buffer.from(unread.subarray(4, end)));
    unread = unread.subarray(end);
  }
  model.unread = unread;
  model.lacks = unread.length >= 4 ? 4 + unread.readUInt32BE() - unread.length : 0;
}

test.each([
  ['of all sizes', [60, 1514, 9014, 30_000, 32_764, 32_765, 65_534]],
  ['of ordinary sizes', [60, 1514]],
  ['as large as they may be', [65_534]],
])('frames %s, faster than passt reads, leave it in step', (_sizes, sizes) => {
  Object.assign(model, { chunks: [], lacks: 0, unread: Buffer.alloc(0), heard: [], outOfStep: 0 });
  const random = new Random(1);
  const wake = SocketPair.open('test', 4096);
  const link = new PasstLink({ kind: 'passt', wakeFd: wake.ours.number, mailbox: Int32Array.of(NO_DESCRIPTOR) });
  const readAndFlush = (): void => {
    if (model.lacks === 0) readAll();
    link.flush();
  };
  const lengths = Array.from({ length: 400 }, () => random.pick(sizes));
  // A link sends a frame from where it lies, and holds it by its address alone: like a guest's RAM, these outlast it.
  const frames = lengths.map((length, i) => new Uint8Array(NET_HEADER_BYTES + length).fill(i));
  for (const frame of frames) {
    while (link.congested) readAndFlush();
    link.send(pieces(frame));
    if (random.below(8) === 0) readAndFlush();
  }
  link.flush();
  while (link.congested) readAndFlush();
  readAll();
  wake.dispose();
  expect(model.outOfStep).toBe(0);
  expect(model.heard.map((frame) => [frame.length, frame[0]])).toEqual(
    frames.map((frame) => [frame.length - NET_HEADER_BYTES, frame[0]]),
  );
});
