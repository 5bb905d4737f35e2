import { closeSync } from 'node:fs';
import { Failure } from '../base/failure.ts';
import { addressOf, checked, libcFunction } from './libc.ts';

const cSocket = libcFunction<[number, number, number], number>('int socket(int domain, int type, int protocol)');
const cConnect = libcFunction<[number, Uint8Array, number], number>(
  'int connect(int socket, void *address, unsigned int length)',
);
const cSendmsg = libcFunction<[number, Uint8Array, number], number>(
  'long sendmsg(int socket, void *message, int flags)',
);

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SUN_PATH_BYTES = 108;

/** Sends an open descriptor with `text` to whoever listens at a unix socket: unix(7) SCM_RIGHTS. */
export function sendDescriptor(path: string, fd: number, text: string): void {
  const name = Buffer.from(path);
  if (name.length >= SUN_PATH_BYTES) {
    throw new Failure('usage', 'socket-path-too-long', `${path}: too long for a socket's path`);
  }
  const address = Buffer.alloc(2 + SUN_PATH_BYTES);
  address.writeUInt16LE(AF_UNIX);
  name.copy(address, 2);
  const socket = checked(cSocket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0), 'socket', path);
  try {
    checked(cConnect(socket, address, address.length), 'connect', path);
    const bytes = Buffer.from(text);
    const [vector, control, message] = [Buffer.alloc(16), Buffer.alloc(24), Buffer.alloc(56)];
    vector.writeBigUInt64LE(addressOf(bytes));
    vector.writeBigUInt64LE(BigInt(bytes.length), 8);
    control.writeBigUInt64LE(20n);
    control.writeInt32LE(SOL_SOCKET, 8);
    control.writeInt32LE(SCM_RIGHTS, 12);
    control.writeInt32LE(fd, 16);
    message.writeBigUInt64LE(addressOf(vector), 16);
    message.writeBigUInt64LE(1n, 24);
    message.writeBigUInt64LE(addressOf(control), 32);
    message.writeBigUInt64LE(BigInt(control.length), 40);
    checked(cSendmsg(socket, message, 0), 'sendmsg', path);
  } finally {
    closeSync(socket);
  }
}
