import type { Writable } from 'node:stream';

/** Writes at the reader's speed; false when there is no reader any more. */
export function writeSlowly(out: Writable, bytes: Uint8Array): Promise<boolean> {
  if (out.destroyed || out.writableEnded) return Promise.resolve(false);
  if (out.write(bytes)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (): void => {
      out.off('drain', settle);
      out.off('close', settle);
      resolve(!out.destroyed);
    };
    out.on('drain', settle);
    out.on('close', settle);
  });
}
