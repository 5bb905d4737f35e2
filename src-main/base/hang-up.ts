import type { Socket } from 'node:net';

/** Ends a connection; settles when the other side's kernel has all that was written, or there is no other side. */
export function hangUp(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    socket.once('close', () => resolve());
    socket.end(() => resolve());
  });
}
