import type { MemoryPieces } from '../../src-main/base/memory-pieces.ts';
import {
  ENDED,
  type HostCaller,
  type HostPorts,
  type HostStream,
  NOTHING_YET,
  type NoCaller,
} from '../../src-main/network/vsock/host-ports.ts';

/** A host program's end of a stream: what it was sent, and what it says. */
export class MemoryStream implements HostCaller {
  hungUp = false;
  /** While set, nothing more is taken. */
  stuck = false;
  disposed = false;
  /** The guest sends no more; it receives no more. */
  sendingEnded = false;
  receivingEnded = false;
  readonly taken: number[] = [];
  readonly says: number[] = [];
  /** It will say nothing more. */
  silent = false;

  /** @param wanted the guest's port a caller wants */
  constructor(
    readonly fd: number,
    private readonly wanted = NOTHING_YET,
  ) {}

  get text(): string {
    return Buffer.from(this.taken).toString();
  }

  say(text: string): void {
    this.says.push(...Buffer.from(text));
  }

  askedFor(): number {
    return this.hungUp ? ENDED : this.wanted;
  }

  greet(hostPort: number): void {
    this.taken.push(...Buffer.from(`OK ${hostPort}\n`));
  }

  receive(pieces: MemoryPieces, length: number): number {
    const said = this.says.splice(0, Math.min(length, pieces.bytes));
    if (said.length === 0) return this.hungUp || this.silent ? ENDED : NOTHING_YET;
    pieces.copyFrom(Uint8Array.from(said), 0);
    return said.length;
  }

  send(pieces: MemoryPieces, length: number): number {
    if (this.hungUp) return ENDED;
    if (this.stuck) return NOTHING_YET;
    const bytes = new Uint8Array(Math.min(length, pieces.bytes));
    pieces.copyTo(bytes, 0, 0);
    for (const byte of bytes) this.taken.push(byte);
    return bytes.length;
  }

  endSending(): void {
    this.sendingEnded = true;
  }

  endReceiving(): void {
    this.receivingEnded = true;
  }

  dispose(): void {
    this.disposed = true;
  }
}

/** A host whose programs are the test's. */
export class MemoryPorts implements HostPorts {
  readonly fd = 1000;
  readonly calling: MemoryStream[] = [];
  readonly streams: MemoryStream[] = [];

  /** @param listening the ports somebody listens at */
  constructor(private readonly listening: readonly number[]) {}

  /** Somebody calls the guest's `port`. */
  call(port: number): MemoryStream {
    const caller = this.make(port);
    this.calling.push(caller);
    return caller;
  }

  accept(): HostCaller | NoCaller {
    return this.calling.shift() ?? 'none';
  }

  connect(port: number): HostStream | undefined {
    return this.listening.includes(port) ? this.make() : undefined;
  }

  dispose(): void {}

  private make(wanted?: number): MemoryStream {
    const stream = new MemoryStream(1001 + this.streams.length, wanted);
    this.streams.push(stream);
    return stream;
  }
}
