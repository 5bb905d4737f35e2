// The guest's sockets as unix sockets of the host's, mapped as Firecracker maps them (Firecracker docs/vsock.md):
// who connects to PATH and writes `CONNECT <port>\n` reaches the guest's port and reads `OK <host port>\n`; what the
// guest connects to at port P of the host is whoever listens at PATH_P.

import type { MemoryPieces } from '../../base/memory-pieces.ts';
import type { Fd } from '../../linux/fd.ts';
import { IoVector } from '../../linux/io-vector.ts';
import { SystemCallFailure } from '../../linux/libc.ts';
import { isHungUp } from '../../linux/poll.ts';
import { HUNG_UP, peek, receive, SocketMessage, send, WOULD_BLOCK } from '../../linux/socket.ts';
import { acceptFrom, connectTo, listenAt, SHUT, shutDown } from '../../linux/unix-socket.ts';
import { ENDED, type HostCaller, type HostPorts, type HostStream, NOTHING_YET, type NoCaller } from './host-ports.ts';

/** Callers that wait to be taken. */
const BACKLOG = 128;
/** `CONNECT 4294967295\n` */
const GREETING_BYTES_MAX = 19;
const GREETING = /^CONNECT (\d{1,10})\n$/;
const NEWLINE = 0x0a;
const PORT_MAX = 0xffff_ffff;

export class UnixPorts implements HostPorts {
  private readonly message = new SocketMessage(new IoVector());

  private constructor(
    private readonly path: string,
    private readonly listener: Fd,
  ) {}

  /** Throws a `host` failure where there can be no socket at `path`. */
  static listen(path: string): UnixPorts {
    return new UnixPorts(path, listenAt(path, BACKLOG));
  }

  get fd(): number {
    return this.listener.number;
  }

  accept(): HostCaller | NoCaller {
    const caller = acceptFrom(this.listener);
    return typeof caller === 'string' ? caller : new UnixCaller(caller, this.message);
  }

  connect(port: number): HostStream | undefined {
    const fd = connectTo(`${this.path}_${port}`);
    return fd && new UnixStream(fd, this.message);
  }

  dispose(): void {
    this.listener.dispose();
  }
}

class UnixStream implements HostStream {
  constructor(
    protected readonly socket: Fd,
    private readonly message: SocketMessage,
  ) {}

  get fd(): number {
    return this.socket.number;
  }

  get hungUp(): boolean {
    return isHungUp(this.fd);
  }

  receive(pieces: MemoryPieces, length: number): number {
    this.message.vector.gather(pieces, 0, length);
    return attempted(() => this.message.receive(this.fd));
  }

  send(pieces: MemoryPieces, length: number): number {
    this.message.vector.gather(pieces, 0, length);
    return attempted(() => this.message.send(this.fd));
  }

  endSending(): void {
    shutDown(this.socket, SHUT.WR);
  }

  endReceiving(): void {
    shutDown(this.socket, SHUT.RD);
  }

  dispose(): void {
    this.socket.dispose();
  }
}

class UnixCaller extends UnixStream implements HostCaller {
  private readonly line = new Uint8Array(GREETING_BYTES_MAX);
  private got = 0;

  /** Reads no further than the line's end: what follows it is the guest's. */
  askedFor(): number {
    const { line, fd } = this;
    const rest = line.subarray(this.got);
    const seen = attempted(() => peek(fd, rest, rest.length));
    if (seen < 0) return seen;
    const newline = rest.subarray(0, seen).indexOf(NEWLINE);
    this.got += receive(fd, rest, newline < 0 ? seen : newline + 1);
    if (newline < 0) return this.got < GREETING_BYTES_MAX ? NOTHING_YET : ENDED;
    const port = Number(GREETING.exec(Buffer.from(line.subarray(0, this.got)).toString('latin1'))?.[1] ?? Number.NaN);
    return port <= PORT_MAX ? port : ENDED;
  }

  /** There is room for the line: nothing has been written before. */
  greet(hostPort: number): void {
    const answer = Buffer.from(`OK ${hostPort}\n`);
    send(this.fd, answer, answer.length);
  }
}

/** What `transfer` answers; a failure that has no meaning here, twice in a row, ends the stream and not the machine. */
function attempted(transfer: () => number): number {
  for (let again = true; ; again = false) {
    try {
      return answerOf(transfer());
    } catch (error) {
      if (!(error instanceof SystemCallFailure)) throw error;
      if (!again) return ENDED;
    }
  }
}

function answerOf(count: number): number {
  return count === WOULD_BLOCK ? NOTHING_YET : count === HUNG_UP ? ENDED : count;
}
