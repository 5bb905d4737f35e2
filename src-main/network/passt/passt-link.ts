// passt's stream socket: every Ethernet frame behind its length as a big-endian 32-bit number (passt(1), "--socket").
// The serving thread's end. passt starts anew when forwards change or when it dies; the main thread then leaves the new
// socket in `mailbox`, and this end takes it as soon as the old one has hung up.

import { closeSync } from 'node:fs';
import type { MemoryPieces } from '../../base/memory-pieces.ts';
import { IoVector } from '../../linux/io-vector.ts';
import { HUNG_UP, receive, SocketMessage } from '../../linux/socket.ts';
import { FRAME_BYTES_MAX, NET_HEADER_BYTES, type NetBackend, type NetLinkSeed } from '../net-backend.ts';
import { USER_NETWORK } from './passt-arguments.ts';

const LENGTH_BYTES = 4;
/** Frames are sent off together, up to about so many bytes. */
const BATCH_BYTES = 256 * 1024;
/**
 * passt asks but once for what lacks of a frame of which it has read a part, takes what there is by then, and is out of
 * step if that is not all (as of 2023). What is sent in one call and is no longer than this lies in the socket in one
 * piece, and is read whole (net/unix/af_unix.c, unix_stream_sendmsg: SKB_MAX_HEAD and 32 KiB). So longer frames go alone,
 * of which no more than a piece can be left over, and what is left over of a frame goes by itself.
 */
const PIECE_BYTES = 32 * 1024;
/** What a send left over, and one frame too scattered to be sent from where it lies. */
const REST_BYTES = BATCH_BYTES + 2 * (LENGTH_BYTES + FRAME_BYTES_MAX);
/** What is taken of the frames behind the one being received, and copied: some small ones, little beside a large one. */
const AHEAD_BYTES = 8 * 1024;

/** Index of the next socket's descriptor in the mailbox. */
export const NEXT_SOCKET = 0;
const NONE = -1;

export type PasstLinkSeed = Extract<NetLinkSeed, { kind: 'passt' }>;

export class PasstLink implements NetBackend {
  /** Plain Ethernet frames: there is no header on the wire that could tell of an unfinished one. */
  readonly offloads = { checksum: false, segmentation: false };
  readonly mtu = USER_NETWORK.mtu;
  /** passt's socket, ours to close. */
  private socket = NONE;
  /** The one before, until nobody waits for it any more. */
  private retired = NONE;

  private readonly outgoing = new IoVector();
  private readonly outgoingMessage = new SocketMessage(this.outgoing);
  private readonly lengths = new Uint8Array(LENGTH_BYTES * IoVector.MAX_SEGMENTS);
  /** Frames in `outgoing`. */
  private frames = 0;
  private readonly rest = new Uint8Array(REST_BYTES);
  private restBytes = 0;
  /** At the start of `rest`: what lacks of a frame of which a part is sent. */
  private begunBytes = 0;

  private readonly incoming = new IoVector();
  private readonly incomingMessage = new SocketMessage(this.incoming);
  /** Taken from the socket, from `aheadStart` to `aheadEnd`, and given to nobody yet. */
  private readonly ahead = new Uint8Array(AHEAD_BYTES);
  private aheadStart = 0;
  private aheadEnd = 0;
  /** The last look at the socket found less than there was room for. */
  private drained = false;
  /** Of the frame being received; 0 until all of that has come. */
  private length = 0;
  /** Bytes of the frame that have come. */
  private got = 0;
  /** The frame is nobody's. */
  private dropping = false;

  constructor(private readonly seed: PasstLinkSeed) {}

  get fd(): number {
    return this.socket < 0 ? this.seed.wakeFd : this.socket;
  }

  get congested(): boolean {
    return this.restBytes > 0;
  }

  send(frame: MemoryPieces): void {
    const length = frame.bytes - NET_HEADER_BYTES;
    if (length <= 0 || length > FRAME_BYTES_MAX) return;
    const scattered = frame.count + 1 > IoVector.MAX_SEGMENTS;
    const alone = LENGTH_BYTES + length > PIECE_BYTES;
    const { outgoing } = this;
    if (scattered || alone || !outgoing.hasRoomFor(frame.count + 1) || outgoing.bytes >= BATCH_BYTES) this.flush();
    if (scattered || this.restBytes > 0) {
      this.keep(frame, length);
      return;
    }
    const at = LENGTH_BYTES * this.frames++;
    putLength(this.lengths, at, length);
    outgoing.append(this.lengths, at, LENGTH_BYTES);
    outgoing.appendPieces(frame, NET_HEADER_BYTES, length);
    if (alone) this.flush();
  }

  flush(): void {
    if (!this.connected()) this.forget();
    if (this.restBytes > 0) this.sendRest();
    const { outgoing } = this;
    if (outgoing.bytes === 0) return;
    const count = this.restBytes > 0 ? 0 : this.outgoingMessage.send(this.socket);
    if (count === HUNG_UP) {
      this.hungUp();
    } else {
      this.keepUnsent(Math.max(0, count));
    }
    outgoing.clear();
    this.frames = 0;
  }

  receive(room: MemoryPieces): number {
    if (!this.connected()) return 0;
    if (this.dropping && !this.skim()) return 0;
    if (this.length === 0 && !this.takeLength()) return 0;
    const whole = NET_HEADER_BYTES + this.length;
    if (room.bytes < whole) return whole;
    this.takeAhead(room);
    if (this.got < this.length && !this.readRest(room)) return 0;
    this.begin();
    for (let i = 0; i < NET_HEADER_BYTES; i++) room.setByte(i, 0);
    return whole;
  }

  drop(): void {
    this.dropping = this.length > 0;
  }

  dispose(): void {
    this.closeRetired();
    if (this.socket >= 0) closeSync(this.socket);
    this.socket = NONE;
  }

  /** Copies a frame behind what waits already; there is room, since nothing is sent while something waits. */
  private keep(frame: MemoryPieces, length: number): void {
    if (this.restBytes + LENGTH_BYTES + length > REST_BYTES) return;
    putLength(this.rest, this.restBytes, length);
    frame.copyTo(this.rest, this.restBytes + LENGTH_BYTES, NET_HEADER_BYTES);
    this.restBytes += LENGTH_BYTES + length;
  }

  /** Keeps what was to go out, after the first `sent` bytes. */
  private keepUnsent(sent: number): void {
    const unsent = this.outgoing.bytes - sent;
    if (unsent === 0 || this.restBytes + unsent > REST_BYTES) return;
    this.outgoing.copyTo(this.rest.subarray(this.restBytes), sent);
    this.restBytes += unsent;
    let end = 0;
    for (let i = 0; end < sent; i++) end += LENGTH_BYTES + lengthAt(this.lengths, LENGTH_BYTES * i);
    this.begunBytes = end - sent;
  }

  private sendRest(): void {
    let sent = 0;
    while (sent < this.restBytes) {
      const wanted = this.begunBytes > 0 ? this.begunBytes : this.togetherAt(sent);
      this.outgoing.append(this.rest, sent, wanted);
      const count = this.outgoingMessage.send(this.socket);
      this.outgoing.clear();
      if (count === HUNG_UP) {
        this.hungUp();
        return;
      }
      if (count <= 0) break;
      this.begunBytes = this.begunBytes > 0 ? this.begunBytes - count : this.lackingAt(sent, count);
      sent += count;
      if (count < wanted) break;
    }
    this.rest.copyWithin(0, sent, this.restBytes);
    this.restBytes -= sent;
  }

  /** How many bytes of `rest`, which has the beginning of a frame at `at`, are sent together. */
  private togetherAt(at: number): number {
    let end = at;
    while (end < this.restBytes) {
      const frame = LENGTH_BYTES + lengthAt(this.rest, end);
      if (end > at && frame > PIECE_BYTES) break;
      end += frame;
      if (frame > PIECE_BYTES || end - at > BATCH_BYTES) break;
    }
    return end - at;
  }

  /** What lacks of a frame when `count` bytes are sent of those that begin in `rest` at `at`. */
  private lackingAt(at: number, count: number): number {
    let end = at;
    while (end < at + count) end += LENGTH_BYTES + lengthAt(this.rest, end);
    return end - at - count;
  }

  /** Learns the next frame's length; false while it is not all there. One no frame can have is nonsense. */
  private takeLength(): boolean {
    while (this.aheadEnd - this.aheadStart < LENGTH_BYTES) if (!this.readAhead()) return false;
    const { ahead, aheadStart: at } = this;
    this.aheadStart += LENGTH_BYTES;
    this.length = lengthAt(ahead, at);
    if (this.length > 0 && this.length <= FRAME_BYTES_MAX) return true;
    this.hungUp();
    return false;
  }

  /** Takes more from the socket behind what is ahead already; false when there is none. */
  private readAhead(): boolean {
    const { ahead, incoming } = this;
    ahead.copyWithin(0, this.aheadStart, this.aheadEnd);
    this.aheadEnd -= this.aheadStart;
    this.aheadStart = 0;
    incoming.clear();
    incoming.append(ahead, this.aheadEnd, AHEAD_BYTES - this.aheadEnd);
    const count = this.takeIncoming();
    this.aheadEnd += count;
    return count > 0;
  }

  /** Copies what is ahead of the frame to its place. */
  private takeAhead(room: MemoryPieces): void {
    const { incoming } = this;
    for (;;) {
      const count = Math.min(this.aheadEnd - this.aheadStart, this.length - this.got);
      if (count === 0) return;
      incoming.clear();
      incoming.appendPieces(room, NET_HEADER_BYTES + this.got, count);
      incoming.copyFrom(this.ahead, this.aheadStart);
      this.aheadStart += incoming.bytes;
      this.got += incoming.bytes;
    }
  }

  /** Takes the rest of the frame from the socket to its place, and some of what is behind; false while it is not all there. */
  private readRest(room: MemoryPieces): boolean {
    const { incoming } = this;
    const wanted = this.length - this.got;
    incoming.clear();
    incoming.appendPieces(room, NET_HEADER_BYTES + this.got, wanted);
    const last = incoming.bytes === wanted && incoming.hasRoomFor(1);
    if (last) incoming.append(this.ahead, 0, AHEAD_BYTES);
    const count = this.takeIncoming();
    if (count < wanted) {
      this.got += count;
      this.drained = false;
      return false;
    }
    this.got = this.length;
    this.aheadStart = 0;
    this.aheadEnd = count - wanted;
    return true;
  }

  /**
   * Receives into `incoming`; how many bytes. None right after a look that found less than it had room for: what has come
   * since, the descriptor's being readable will tell.
   */
  private takeIncoming(): number {
    if (this.drained) {
      this.drained = false;
      return 0;
    }
    const count = this.incomingMessage.receive(this.socket);
    if (count === HUNG_UP) this.hungUp();
    if (count <= 0) return 0;
    this.drained = count < this.incoming.bytes;
    return count;
  }

  /** Nothing of the next frame is known. */
  private begin(): void {
    this.length = 0;
    this.got = 0;
    this.dropping = false;
  }

  /** Goes on to the end of a dropped frame; false while it is not all there. */
  private skim(): boolean {
    while (this.got < this.length) {
      if (this.aheadStart === this.aheadEnd && !this.readAhead()) return false;
      const count = Math.min(this.aheadEnd - this.aheadStart, this.length - this.got);
      this.aheadStart += count;
      this.got += count;
    }
    this.begin();
    return true;
  }

  private forget(): void {
    this.outgoing.clear();
    this.frames = 0;
    this.restBytes = 0;
    this.begunBytes = 0;
  }

  /** passt is gone, or talks nonsense: the cable is out until the main thread has another one. */
  private hungUp(): void {
    this.retired = this.socket;
    this.socket = NONE;
    this.forget();
    this.begin();
    this.aheadStart = 0;
    this.aheadEnd = 0;
    this.drained = false;
  }

  /** Whether there is a passt; takes the new one where the old one has gone. */
  private connected(): boolean {
    this.closeRetired();
    if (this.socket >= 0) return true;
    this.socket = Atomics.exchange(this.seed.mailbox, NEXT_SOCKET, NONE);
    if (this.socket < 0) return false;
    receive(this.seed.wakeFd, this.ahead, AHEAD_BYTES);
    return true;
  }

  private closeRetired(): void {
    if (this.retired >= 0) closeSync(this.retired);
    this.retired = NONE;
  }
}

function putLength(target: Uint8Array, at: number, length: number): void {
  target[at] = length >>> 24;
  target[at + 1] = length >>> 16;
  target[at + 2] = length >>> 8;
  target[at + 3] = length;
}

function lengthAt(source: Uint8Array, at: number): number {
  return ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0;
}
