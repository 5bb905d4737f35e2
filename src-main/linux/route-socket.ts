import type { Disposable } from '../base/disposable.ts';
import { Fd } from './fd.ts';
import { checked, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cSocket = libcFunction<[number, number, number], number>('int socket(int domain, int type, int protocol)');
const cSend = libcFunction<[number, Uint8Array, number, number], number>(
  'int64_t send(int fd, const void *buffer, size_t length, int flags)',
);
const cRecv = libcFunction<[number, Uint8Array, number, number], number>(
  'int64_t recv(int fd, void *buffer, size_t length, int flags)',
);

/** netlink(7): sockets, message headers of 16 bytes, attributes on four-byte bounds. */
const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const HEADER_BYTES = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F = { REQUEST: 1, ACK: 4, EXCL: 0x200, CREATE: 0x400, DUMP: 0x300 } as const;
const RECEIVE_BYTES = 64 * 1024;

export type RequestFlag = keyof typeof NLM_F;

/** rtnetlink(7): one attribute, or one that holds others. */
export function attribute(type: number, ...values: (Uint8Array | string | number)[]): Buffer {
  const body = Buffer.concat(values.map(bytesOf));
  const header = Buffer.alloc(4);
  header.writeUInt16LE(4 + body.length, 0);
  header.writeUInt16LE(type, 2);
  return Buffer.concat([header, body, Buffer.alloc(-body.length & 3)]);
}

/** A number is 32 bits wide, a text ends with a zero. */
function bytesOf(value: Uint8Array | string | number): Uint8Array {
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  if (typeof value !== 'number') return value;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** The attributes after a message's fixed part, by type. */
export function attributesIn(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at);
    if (length < 4) break;
    found.set(bytes.readUInt16LE(at + 2) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return found;
}

/**
 * A conversation with the kernel about links, addresses and routes of the network namespace its thread was in when it
 * was opened. Requests are carried out while they are sent, so nothing here waits.
 */
export class RouteSocket implements Disposable {
  private sequence = 0;

  private constructor(private readonly fd: Fd) {}

  static open(): RouteSocket {
    const number = checked(cSocket(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE), 'socket', 'rtnetlink');
    return new RouteSocket(new Fd(number, 'rtnetlink'));
  }

  /** What the kernel answers besides its yes; a `SystemCallFailure` about `object` when it says no. */
  ask(type: number, flags: readonly RequestFlag[], parts: readonly Uint8Array[], object: string): Buffer[] {
    const body = Buffer.concat(parts);
    const header = Buffer.alloc(HEADER_BYTES);
    const isDump = flags.includes('DUMP');
    header.writeUInt32LE(HEADER_BYTES + body.length, 0);
    header.writeUInt16LE(type, 4);
    header.writeUInt16LE(
      flags.reduce((bits, flag) => bits | NLM_F[flag], NLM_F.REQUEST | (isDump ? 0 : NLM_F.ACK)),
      6,
    );
    header.writeUInt32LE(++this.sequence, 8);
    const message = Buffer.concat([header, body]);
    checked(cSend(this.fd.number, message, message.length, 0), 'send', object);
    return this.answer(object);
  }

  dispose(): void {
    this.fd.dispose();
  }

  private answer(object: string): Buffer[] {
    const answers: Buffer[] = [];
    const chunk = Buffer.alloc(RECEIVE_BYTES);
    for (;;) {
      const length = checked(cRecv(this.fd.number, chunk, chunk.length, 0), 'recv', object);
      for (let at = 0; at + HEADER_BYTES <= length; ) {
        const size = chunk.readUInt32LE(at);
        const type = chunk.readUInt16LE(at + 4);
        const mine = chunk.readUInt32LE(at + 8) === this.sequence;
        const body = Buffer.from(chunk.subarray(at + HEADER_BYTES, at + size));
        at += (size + 3) & ~3;
        if (!mine) continue;
        if (type === NLMSG_DONE) return answers;
        if (type !== NLMSG_ERROR) answers.push(body);
        else {
          const code = -body.readInt32LE(0);
          if (code === 0) return answers;
          throw new SystemCallFailure(`rtnetlink (${errnoName(code)})`, code, object);
        }
      }
    }
  }
}
