import { chmodSync, rmSync } from 'node:fs';
import { invariant } from '../base/failure.ts';
import { Fd } from './fd.ts';
import { checked, errno, errnoName, libcFunction } from './libc.ts';

const cSocket = libcFunction<[number, number, number], number>('int socket(int domain, int type, int protocol)');
const cBind = libcFunction<[number, Uint8Array, number], number>(
  'int bind(int fd, const void *address, unsigned int length)',
);
const cListen = libcFunction<[number, number], number>('int listen(int fd, int backlog)');
const cAccept = libcFunction<[number, null, null, number], number>(
  'int accept4(int fd, void *address, void *length, int flags)',
);
const cConnect = libcFunction<[number, Uint8Array, number], number>(
  'int connect(int fd, const void *address, unsigned int length)',
);
const cShutdown = libcFunction<[number, number], number>('int shutdown(int fd, int how)');

/** socket(2), unix(7), Linux x86-64: struct sockaddr_un is a family and a path that ends in zero. */
const AF_UNIX = 1;
const NONBLOCK_CLOEXEC = 0o4000 | 0o2000000;
const STREAM = 1 | NONBLOCK_CLOEXEC;
const PATH_AT = 2;
const SOCKADDR_BYTES = 110;

/** shutdown(2). */
export const SHUT = { RD: 0, WR: 1 } as const;

/** Why there is no caller now: none is there; this process has no room for one. */
export type NoCaller = 'none' | 'no-room';

/** Listens at `path` for this user alone, without ever waiting; what a killed process left there is replaced. */
export function listenAt(path: string, backlog: number): Fd {
  const fd = openStream(path);
  try {
    rmSync(path, { force: true });
    checked(cBind(fd.number, address(path), SOCKADDR_BYTES), 'bind', path);
    chmodSync(path, 0o600);
    checked(cListen(fd.number, backlog), 'listen', path);
    return fd;
  } catch (error) {
    fd.dispose();
    throw error;
  }
}

/** The next caller of a listening socket. */
export function acceptFrom(listener: Fd): Fd | NoCaller {
  const number = cAccept(listener.number, null, null, NONBLOCK_CLOEXEC);
  if (number >= 0) return new Fd(number, listener.object);
  switch (errnoName(errno())) {
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
    case 'ENOBUFS':
      return 'no-room';
    default:
      return 'none';
  }
}

/** Connects to whoever listens at `path`; undefined when that takes waiting or nobody does. */
export function connectTo(path: string): Fd | undefined {
  if (Buffer.byteLength(path) >= SOCKADDR_BYTES - PATH_AT) return undefined;
  const number = cSocket(AF_UNIX, STREAM, 0);
  if (number < 0) return undefined;
  const fd = new Fd(number, path);
  if (cConnect(number, address(path), SOCKADDR_BYTES) === 0) return fd;
  fd.dispose();
  return undefined;
}

/** Ends one direction of a connection; one that has gone stays gone. */
export function shutDown(fd: Fd, how: number): void {
  cShutdown(fd.number, how);
}

function openStream(path: string): Fd {
  return new Fd(checked(cSocket(AF_UNIX, STREAM, 0), 'socket', path), path);
}

function address(path: string): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_BYTES);
  bytes[0] = AF_UNIX;
  const text = new TextEncoder().encode(path);
  invariant(text.length < SOCKADDR_BYTES - PATH_AT, `${path}: too long for a socket's path`);
  bytes.set(text, PATH_AT);
  return bytes;
}
