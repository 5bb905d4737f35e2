import { closeSync, openSync, readSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';

/** ECMA-119 §8.1.2: the standard identifier of the first volume descriptor. */
const IDENTIFIER = { offset: 16 * 2048 + 1, text: 'CD001' } as const;

/** `path`, when it is an ISO image that can be read; throws what it is not. */
export function checkedIso(path: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    const why = missing ? 'there is no such file' : `it cannot be read (${code})`;
    throw new Failure(
      missing ? 'usage' : 'host',
      missing ? 'no-such-file' : 'permission-denied',
      `cdrom ${path}: ${why}`,
      {
        cause,
      },
    );
  }
  try {
    const found = Buffer.alloc(IDENTIFIER.text.length);
    if (!isIso(fd, found)) throw new Failure('usage', 'not-an-iso', `cdrom ${path}: this is no ISO image`);
    return path;
  } finally {
    closeSync(fd);
  }
}

function isIso(fd: number, found: Buffer): boolean {
  try {
    readSync(fd, found, 0, found.length, IDENTIFIER.offset);
  } catch {
    return false;
  }
  return found.toString('latin1') === IDENTIFIER.text;
}
