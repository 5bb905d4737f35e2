import { chmodSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { Failure } from './failure.ts';

/** sun_path is 108 bytes with its terminating zero (unix(7)). */
const MAX_PATH_BYTES = 107;

/** Listens on a unix socket that only this user can connect to. A socket left there by a killed process is replaced. */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new Failure(
      'host',
      'socket-path-too-long',
      `${path}: a unix socket's path has at most ${MAX_PATH_BYTES} bytes`,
      {
        hint: 'set XDG_RUNTIME_DIR to a shorter folder',
      },
    );
  }
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  chmodSync(path, 0o600);
}
