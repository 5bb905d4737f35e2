import { createServer, type Server, type Socket } from 'node:net';
import type { Disposable } from '../../base/disposable.ts';
import { invariant } from '../../base/failure.ts';
import { hangUp } from '../../base/hang-up.ts';
import { listenPrivately } from '../../base/private-socket.ts';
import { SCROLLBACK_BYTES, type SerialLog } from './serial-log.ts';

/** One write to a visitor's socket. */
const CHUNK_BYTES = 64 * 1024;
/** How often typed bytes that found no room are offered to the guest again. */
const INPUT_RETRY_MS = 10;

/**
 * What visitors may have typed ahead of the guest before they are not listened to for a while. Until then a visitor
 * that hangs up is noticed at once, which a socket that is not read from does not tell.
 */
const TYPED_AHEAD_BYTES = 64 * 1024;

/** Takes what visitors type; returns how much of it there was room for. */
export type ConsoleInput = (bytes: Uint8Array) => number;

interface Visitor {
  readonly socket: Socket;
  /** Stream offset of the next byte to send. */
  cursor: number;
  /** The socket's own buffer is full; it says when it has drained. */
  full: boolean;
  /** Called when everything printed has been sent. */
  caughtUp?: () => void;
}

/**
 * The raw byte stream of a serial port on a unix socket, for any number of visitors. A visitor is a cursor into the
 * serial log, so a slow one costs nothing but its place: it reads on from disk at its own pace, and is disconnected
 * only when the log has been rotated past it.
 */
export class ConsoleServer implements Disposable {
  private readonly server: Server;
  private readonly visitors = new Set<Visitor>();
  private readonly pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly log: SerialLog,
    private readonly input: ConsoleInput,
  ) {
    this.server = createServer((socket) => this.welcome(socket));
  }

  listen(path: string): Promise<void> {
    return listenPrivately(this.server, path);
  }

  get visitorCount(): number {
    return this.visitors.size;
  }

  /** The log has grown: send everyone what is new to them. */
  update(): void {
    for (const visitor of this.visitors) this.pump(visitor);
  }

  /** Sends everyone what is left and hangs up; settles when every visitor has taken it. Nothing is printed any more. */
  async close(): Promise<void> {
    clearTimeout(this.retry);
    this.server.close();
    await Promise.all([...this.visitors].map((visitor) => this.sendOff(visitor)));
  }

  dispose(): void {
    clearTimeout(this.retry);
    this.server.close();
    for (const { socket } of this.visitors) socket.destroy();
  }

  private welcome(socket: Socket): void {
    const visitor: Visitor = { socket, cursor: Math.max(this.log.start, this.log.end - SCROLLBACK_BYTES), full: false };
    this.visitors.add(visitor);
    socket.on('data', (bytes: Uint8Array) => this.type(socket, bytes));
    socket.on('drain', () => {
      visitor.full = false;
      this.pump(visitor);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.visitors.delete(visitor));
    this.pump(visitor);
  }

  private sendOff(visitor: Visitor): Promise<void> {
    const { socket } = visitor;
    return new Promise((resolve) => {
      socket.once('close', () => resolve());
      visitor.caughtUp = () => void hangUp(socket).then(resolve);
      this.pump(visitor);
    });
  }

  private pump(visitor: Visitor): void {
    while (!visitor.full && !visitor.socket.destroyed) {
      if (visitor.cursor < this.log.start) {
        visitor.socket.destroy();
        return;
      }
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, this.log.end - visitor.cursor));
      const count = this.log.read(visitor.cursor, chunk);
      if (count === 0) {
        visitor.caughtUp?.();
        return;
      }
      visitor.cursor += count;
      visitor.full = !visitor.socket.write(chunk.subarray(0, count));
    }
  }

  /** A guest that does not read stops its visitors' sockets, not this process's memory. */
  private type(socket: Socket, bytes: Uint8Array): void {
    this.pending.push(bytes);
    this.pendingBytes += bytes.length;
    this.feed();
    if (this.pendingBytes > TYPED_AHEAD_BYTES) socket.pause();
    if (this.pendingBytes > 0) this.retry ??= setTimeout(() => this.feedAgain(), INPUT_RETRY_MS);
  }

  private feed(): void {
    while (this.pending.length > 0) {
      const bytes = this.pending[0]!;
      const taken = this.input(bytes);
      invariant(taken <= bytes.length, 'console: more taken than typed');
      this.pendingBytes -= taken;
      if (taken < bytes.length) {
        this.pending[0] = bytes.subarray(taken);
        return;
      }
      this.pending.shift();
    }
  }

  private feedAgain(): void {
    this.retry = undefined;
    this.feed();
    if (this.pendingBytes > 0) this.retry = setTimeout(() => this.feedAgain(), INPUT_RETRY_MS);
    if (this.pendingBytes <= TYPED_AHEAD_BYTES) for (const { socket } of this.visitors) socket.resume();
  }
}
