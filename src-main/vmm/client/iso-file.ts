import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import { type CdromSetting, mediumOf } from '../../inventory/machine-hardware.ts';

/** ECMA-119 §8.1.2: the standard identifier of the first volume descriptor. */
const IDENTIFIER = { offset: 16 * 2048 + 1, text: 'CD001' } as const;

/** What is to be in a CD drive: nothing, or an ISO image that can be read; throws what the file is not. */
export function checkedMedium(wanted: CdromSetting): CdromSetting {
  const medium = mediumOf(wanted);
  return medium === undefined ? wanted : checkedIso(medium);
}

/** `path`, when it is an ISO image that can be read; throws what it is not. */
export function checkedIso(path: string): string {
  const fd = open(path);
  try {
    const found = Buffer.alloc(IDENTIFIER.text.length);
    if (!isIso(fd, found)) throw notAnIso(path);
    return path;
  } finally {
    closeSync(fd);
  }
}

/** Opening a FIFO would wait for its writer. */
function open(path: string): number {
  try {
    const kind = statSync(path);
    if (kind.isFile() || kind.isBlockDevice()) return openSync(path, 'r');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      throw new Failure('usage', 'no-such-file', `cdrom ${path}: there is no such file`, { cause });
    }
    throw new Failure('host', 'permission-denied', `cdrom ${path}: it cannot be read (${code})`, { cause });
  }
  throw notAnIso(path);
}

function notAnIso(path: string): Failure {
  return new Failure('usage', 'not-an-iso', `cdrom ${path}: this is no ISO image`);
}

function isIso(fd: number, found: Buffer): boolean {
  try {
    readSync(fd, found, 0, found.length, IDENTIFIER.offset);
  } catch {
    return false;
  }
  return found.toString('latin1') === IDENTIFIER.text;
}
