import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { MemoryPieces } from '../../../src-main/base/memory-pieces.ts';
import { SocketPair, send } from '../../../src-main/linux/socket.ts';
import { NET_HEADER_BYTES } from '../../../src-main/network/net-backend.ts';
import { PasstLink } from '../../../src-main/network/passt/passt-link.ts';
import { nextFrame } from './guest-frames.ts';

const opened: { dispose(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.dispose();
});

/** A link with a socket whose other end is the test's, as passt. */
function plugged(): { link: PasstLink; passt: number; wakeFd: number; hangUp: () => void } {
  const [pair, wake] = [SocketPair.open('test', 1 << 20), SocketPair.open('test', 4096)];
  const link = new PasstLink({ kind: 'passt', wakeFd: wake.ours.number, mailbox: Int32Array.of(pair.ours.number) });
  // The link closes its own end.
  let there = true;
  const hangUp = (): void => {
    if (there) pair.theirs.dispose();
    there = false;
  };
  opened.push(link, wake, { dispose: hangUp });
  return { link, passt: pair.theirs.number, wakeFd: wake.ours.number, hangUp };
}

const frameOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i + length);

/** Frames as they are on the wire. */
function wire(frames: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(frame.length);
      return [length, frame];
    }),
  );
}

/** A frame's length and digest, for failures one can read. */
const told = (frame: Uint8Array): string => `${frame.length} ${createHash('sha256').update(frame).digest('hex')}`;

/** Everything that has arrived, without headers; a frame of which a part has is in `memory`. */
function arrived(link: PasstLink, memory = new Uint8Array(70_000)): string[] {
  const frames: string[] = [];
  for (let frame = nextFrame(link, memory); frame !== undefined; frame = nextFrame(link, memory)) {
    frames.push(told(frame.subarray(NET_HEADER_BYTES)));
  }
  return frames;
}

describe('the end of passt’s socket', () => {
  const small = [60, 1, 42, 1514, 60].map(frameOf);
  const mixed = [42, 65_534, 9000, 8188, 8192, 60, 20_000, 1, 65_549, 42].map(frameOf);

  test.each([
    ['byte by byte', small, 1],
    ['in threes', small, 3],
    ['by the length of the length', small, 4],
    ['all at once', small, 100_000],
    ['large and small ones, cut anywhere', mixed, 5000],
    ['large and small ones, many at once', mixed, 150_000],
  ])('frames arrive whole and in order however the stream is cut: %s', (_, frames, cut) => {
    const { link, passt } = plugged();
    const bytes = wire(frames);
    const got: string[] = [];
    const memory = new Uint8Array(70_000);
    for (let at = 0; at < bytes.length; at += cut) {
      const chunk = bytes.subarray(at, at + cut);
      expect(send(passt, chunk, chunk.length)).toBe(chunk.length);
      got.push(...arrived(link, memory));
    }
    expect(got).toEqual(frames.map(told));
  });

  test('a dropped frame is gone, whatever of it has come, and the ones behind it arrive', () => {
    const { link, passt } = plugged();
    const bytes = wire([frameOf(30_000), frameOf(60), frameOf(42)]);
    const room = new MemoryPieces(1);
    room.add(new Uint8Array(1000), 0, 1000);
    send(passt, bytes, 10_000);
    expect(link.receive(room)).toBe(NET_HEADER_BYTES + 30_000);
    link.drop();
    expect(arrived(link)).toEqual([]);
    const rest = bytes.subarray(10_000);
    send(passt, rest, rest.length);
    expect(arrived(link)).toEqual([60, 42].map(frameOf).map(told));
  });

  test('half a frame of a passt that is gone is no frame', () => {
    const { link, passt, wakeFd, hangUp } = plugged();
    send(passt, wire([frameOf(60), frameOf(30_000)]), 20_000);
    expect(arrived(link)).toEqual([told(frameOf(60))]);
    hangUp();
    expect(arrived(link)).toEqual([]);
    expect(link.fd).toBe(wakeFd);
  });

  test.each([0, 14 + 65_535 + 1])('a length of %i, which no frame has, ends the connection', (length) => {
    const { link, passt, wakeFd } = plugged();
    const bytes = Buffer.alloc(100);
    bytes.writeUInt32BE(length);
    send(passt, bytes, bytes.length);
    expect(arrived(link)).toEqual([]);
    expect(link.fd).toBe(wakeFd);
  });
});
