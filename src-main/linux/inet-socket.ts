import { closeSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { checked, libcFunction } from './libc.ts';

const cSocket = libcFunction<[number, number, number], number>('int socket(int domain, int type, int protocol)');
const cBind = libcFunction<[number, Uint8Array, number], number>(
  'int bind(int fd, const void *address, unsigned int length)',
);
const cListen = libcFunction<[number, number], number>('int listen(int fd, int backlog)');
const cSetsockopt = libcFunction<[number, number, number, Int32Array, number], number>(
  'int setsockopt(int fd, int level, int option, const int *value, unsigned int length)',
);

/** socket(2), ip(7), ipv6(7), Linux x86-64. */
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
/** What Node takes where it is told nothing. */
const BACKLOG = 511;

/**
 * A socket bound in the network namespace of the calling thread, close-on-exec; one of streams listens. It may be served
 * by a thread in any other namespace.
 *
 * @param address in numbers; `::` is IPv4's addresses too
 */
export function boundSocket(kind: 'stream' | 'datagram', address: string, port: number): number {
  const object = `${isIPv4(address) ? address : `[${address}]`}:${port}`;
  const family = isIPv4(address) ? AF_INET : AF_INET6;
  const type = kind === 'stream' ? SOCK_STREAM : SOCK_DGRAM;
  const fd = checked(cSocket(family, type | SOCK_CLOEXEC, 0), 'socket', object);
  try {
    // Connections that have just ended do not keep a port from being listened on again.
    if (kind === 'stream')
      checked(cSetsockopt(fd, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(1), 4), 'setsockopt', object);
    const name = socketAddress(address, port);
    checked(cBind(fd, name, name.length), 'bind', object);
    if (kind === 'stream') checked(cListen(fd, BACKLOG), 'listen', object);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** struct sockaddr_in (ip(7)) or sockaddr_in6 (ipv6(7)). */
function socketAddress(address: string, port: number): Uint8Array {
  const four = isIPv4(address);
  const name = Buffer.alloc(four ? 16 : 28);
  name.writeUInt16LE(four ? AF_INET : AF_INET6, 0);
  name.writeUInt16BE(port, 2);
  if (four) name.set(address.split('.').map(Number), 4);
  else name.set(ipv6Bytes(address), 8);
  return name;
}

/** RFC 4291 §2.2. */
function ipv6Bytes(address: string): Uint8Array {
  // The URL standard's form: hexadecimal groups, whatever was written.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = '', right] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [head, tail] = [groups(left), groups(right ?? '')];
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return Uint8Array.from([...head, ...zeros, ...tail].flatMap((group) => [group >> 8, group & 0xff]));
}
