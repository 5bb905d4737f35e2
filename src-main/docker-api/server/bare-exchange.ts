import type { IncomingMessage, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';

/** A request's body and its answer as one stream both ways, for clients that did not ask for an upgrade. */
export class BareExchange extends Duplex {
  constructor(
    private readonly request: IncomingMessage,
    private readonly response: ServerResponse,
  ) {
    super({ allowHalfOpen: true });
    request.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) request.pause();
    });
    request.on('end', () => this.push(null));
    request.on('error', () => this.destroy());
    response.on('close', () => this.destroy());
  }

  override _read(): void {
    this.request.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.response.write(chunk)) done();
    else this.response.once('drain', () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.response.end(() => done());
  }
}
