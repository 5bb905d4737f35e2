import { createConnection, type Socket } from 'node:net';
import { Failure } from '../../base/failure.ts';

/** Connects to a serial console's socket: a raw byte stream both ways, the kept scrollback first. */
export function connectSerial(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path, allowHalfOpen: true });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
    socket.once('error', (error) => {
      reject(new Failure('state', 'serial-gone', `${path}: the machine does not run (any more)`, { cause: error }));
    });
  });
}
