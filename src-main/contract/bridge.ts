import type { FailureRecord } from './failure.ts';

/** How a call's outcome crosses: never as a thrown error, which would lose all but its message on the way. */
export type Outcome = { ok: true; value: unknown } | { ok: false; failure: FailureRecord };

/** What a stream says to the window. */
export type StreamFrame = { kind: 'item'; value: unknown } | { kind: 'end'; failure?: FailureRecord };

/** Channels of the one connection between window and main process. */
export const channels = { call: 'call', open: 'stream.open', send: 'stream.send', close: 'stream.close' } as const;

export function frameChannel(streamId: number): string {
  return `stream.frame:${streamId}`;
}

export interface OpenStream {
  send(message: unknown): void;
  close(): void;
}

/** The one object the preload script gives the window, as `window.bulkhead`. */
export interface Bridge {
  call(name: string, input: unknown): Promise<Outcome>;
  stream(name: string, input: unknown, onFrame: (frame: StreamFrame) => void): OpenStream;
  /** Where a file dropped onto the window lies; empty for one that lies nowhere. */
  pathOf(file: File): string;
}
