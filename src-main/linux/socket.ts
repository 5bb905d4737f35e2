import type { Disposable } from '../base/disposable.ts';
import { Fd } from './fd.ts';
import { type IoVector, numericAddressOf } from './io-vector.ts';
import { checked, errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cSocketpair = libcFunction<[number, number, number, Int32Array], number>(
  'int socketpair(int domain, int type, int protocol, int *fds)',
);
const cRecv = libcFunction<[number, Uint8Array, number, number], number>(
  'int64_t recv(int fd, void *buffer, size_t length, int flags)',
);
const cSend = libcFunction<[number, Uint8Array, number, number], number>(
  'int64_t send(int fd, const void *buffer, size_t length, int flags)',
);
const cRecvmsg = libcFunction<[number, number, number], number>(
  'int64_t recvmsg(int fd, uintptr_t message, int flags)',
);
const cSendmsg = libcFunction<[number, number, number], number>(
  'int64_t sendmsg(int fd, uintptr_t message, int flags)',
);
const cSetsockopt = libcFunction<[number, number, number, Int32Array, number], number>(
  'int setsockopt(int fd, int level, int option, const int *value, unsigned int length)',
);

/** socket(2), Linux x86-64. */
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
/** recv(2), send(2). */
const MSG_PEEK = 2;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;

/** What `receive` and `send` answer when it would take waiting, and when the other end is gone. */
export const WOULD_BLOCK = -1;
export const HUNG_UP = -2;

/** Two connected stream sockets, close-on-exec. */
export class SocketPair implements Disposable {
  private constructor(
    readonly ours: Fd,
    readonly theirs: Fd,
  ) {}

  /** @param bufferBytes what each direction may hold; the kernel caps it at net.core.wmem_max */
  static open(object: string, bufferBytes: number): SocketPair {
    const fds = new Int32Array(2);
    checked(cSocketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 'socketpair', object);
    const value = Int32Array.of(bufferBytes);
    for (const fd of fds) for (const option of [SO_SNDBUF, SO_RCVBUF]) cSetsockopt(fd, SOL_SOCKET, option, value, 4);
    return new SocketPair(new Fd(fds[0]!, object), new Fd(fds[1]!, object));
  }

  dispose(): void {
    this.ours.dispose();
    this.theirs.dispose();
  }
}

/** Bytes received into `target`, without waiting; `WOULD_BLOCK` or `HUNG_UP` when there are none. */
export function receive(fd: number, target: Uint8Array, length: number): number {
  const count = cRecv(fd, target, length, MSG_DONTWAIT);
  return count > 0 ? count : count === 0 ? HUNG_UP : whyNothing();
}

/** The same, leaving the bytes where they are. */
export function peek(fd: number, target: Uint8Array, length: number): number {
  const count = cRecv(fd, target, length, MSG_DONTWAIT | MSG_PEEK);
  return count > 0 ? count : count === 0 ? HUNG_UP : whyNothing();
}

/** Bytes sent from the start of `source`, without waiting; `WOULD_BLOCK` or `HUNG_UP` when none. */
export function send(fd: number, source: Uint8Array, length: number): number {
  const count = cSend(fd, source, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  return count >= 0 ? count : whyNothing();
}

/** sizeof(struct msghdr), x86-64, and where its vector and the vector's count are. */
const MSGHDR_BYTES = 56;
const MSG_IOV = 16;
const MSG_IOVLEN = 24;

/** What lies behind an `IoVector`, sent or received in one call: recvmsg(2), sendmsg(2). Allocates nothing per call. */
export class SocketMessage {
  private readonly header = new Uint8Array(MSGHDR_BYTES);
  private readonly view = new DataView(this.header.buffer);
  private readonly address = numericAddressOf(this.header);

  constructor(readonly vector: IoVector) {
    this.view.setBigUint64(MSG_IOV, BigInt(vector.address), true);
  }

  /** As `receive`. */
  receive(fd: number): number {
    this.view.setUint32(MSG_IOVLEN, this.vector.count, true);
    const count = cRecvmsg(fd, this.address, MSG_DONTWAIT);
    return count > 0 ? count : count === 0 ? HUNG_UP : whyNothing();
  }

  /** As `send`. */
  send(fd: number): number {
    this.view.setUint32(MSG_IOVLEN, this.vector.count, true);
    const count = cSendmsg(fd, this.address, MSG_DONTWAIT | MSG_NOSIGNAL);
    return count >= 0 ? count : whyNothing();
  }
}

function whyNothing(): number {
  const code = errno();
  switch (errnoName(code)) {
    case 'EAGAIN':
    case 'EINTR':
    case 'ENOBUFS':
      return WOULD_BLOCK;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ENOTCONN':
      return HUNG_UP;
    default:
      throw new SystemCallFailure('recv or send', code, 'socket');
  }
}
