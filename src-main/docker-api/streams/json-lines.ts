import type { Writable } from 'node:stream';

/** What a client that does not read may have waiting before it is let go. */
const BACKLOG_MAX = 8 << 20;

/** One JSON document per line, as events, progress and statistics are sent. */
export class JsonLines {
  constructor(
    private readonly out: Writable,
    private readonly gone: AbortSignal,
  ) {}

  /** Never waits: a client that reads too slowly to keep up is cut off. */
  send(value: unknown): void {
    if (this.gone.aborted) return;
    this.out.write(`${JSON.stringify(value)}\r\n`);
    if (this.out.writableLength > BACKLOG_MAX) this.out.destroy();
  }
}

/** Settles when the client goes away. */
export function untilGone(gone: AbortSignal): Promise<void> {
  if (gone.aborted) return Promise.resolve();
  return new Promise((resolve) => gone.addEventListener('abort', () => resolve(), { once: true }));
}
