import type { Disposable } from '../../base/disposable.ts';
import type { MemoryPieces } from '../../base/memory-pieces.ts';

/** What `receive` and `send` answer when it would take waiting, and when there will be nothing more. */
export const NOTHING_YET = -1;
export const ENDED = -2;

/** A byte stream to a program on the host, used by one thread; nothing waits, nothing throws. */
export interface HostStream extends Disposable {
  readonly fd: number;
  /** Whether the program has closed both directions; bytes of it may still be there to receive. */
  readonly hungUp: boolean;
  /** Up to `length` bytes, into `pieces`. */
  receive(pieces: MemoryPieces, length: number): number;
  /** Up to `length` bytes of `pieces`. */
  send(pieces: MemoryPieces, length: number): number;
  /** The program finds the end of the stream. */
  endSending(): void;
  /** What the program writes from now on fails. */
  endReceiving(): void;
}

/** Somebody on the host who wants to reach a port of the guest's. */
export interface HostCaller extends HostStream {
  /** Which port; `NOTHING_YET` until it has been said, `ENDED` when nonsense was. */
  askedFor(): number;
  /** Says that the guest has answered, before anything else is sent; the connection is known as `hostPort`. */
  greet(hostPort: number): void;
}

/** Why there is no caller: none is there now; there is no room for one before something else ends. */
export type NoCaller = 'none' | 'no-room';

/** The host's side of a guest's sockets. */
export interface HostPorts extends Disposable {
  /** Readable when somebody calls. */
  readonly fd: number;
  accept(): HostCaller | NoCaller;
  /** A stream to whoever listens for the guest at `port`; undefined when nobody does. */
  connect(port: number): HostStream | undefined;
}
