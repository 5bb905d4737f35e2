import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex, PassThrough, type Readable } from 'node:stream';

/**
 * With `Upgrade` Node stops parsing behind the headers. Docker's clients put a body of a known length there (exec's
 * start), and what follows is the raw stream.
 */
export function bodyOfUpgrade(
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): { body: Readable; rest: () => Duplex } {
  const body = new PassThrough();
  const raw = new RawPeer(socket);
  let missing = Number(request.headers['content-length'] ?? 0) || 0;
  const take = (chunk: Buffer): void => {
    const own = chunk.subarray(0, missing);
    missing -= own.length;
    if (own.length > 0) body.write(own);
    if (missing === 0 && !body.writableEnded) body.end();
    if (chunk.length > own.length) raw.arrived(chunk.subarray(own.length));
  };
  take(head);
  socket.on('data', take);
  socket.on('end', () => {
    body.end();
    raw.arrived(null);
  });
  socket.on('close', () => {
    body.end();
    raw.destroy();
  });
  return { body, rest: () => raw };
}

/** The connection after the request. */
class RawPeer extends Duplex {
  constructor(private readonly socket: Socket) {
    super({ allowHalfOpen: true });
  }

  arrived(chunk: Buffer | null): void {
    if (this.readableEnded || this.destroyed) return;
    if (!this.push(chunk)) this.socket.pause();
  }

  override _read(): void {
    this.socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.socket.destroyed) done();
    else if (this.socket.write(chunk)) done();
    else {
      const go = (): void => {
        this.socket.off('drain', go);
        this.socket.off('close', go);
        done();
      };
      this.socket.on('drain', go);
      this.socket.on('close', go);
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.socket.end();
    done();
  }
}
