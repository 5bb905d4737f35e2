import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../base/failure.ts';

const LEFTOVER = /^\..+\.[0-9a-f]{12}\.tmp$/;

/**
 * Replaces the file at `path` so that, whenever the process or the machine dies, either the old or the new content is
 * there in full: temporary file in the same folder, fsync, rename, fsync of the folder.
 */
export function writeFileAtomically(path: string, content: string, mode = 0o600): void {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    writeDurably(temporary, content, mode);
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeFailure(path, error);
  }
}

/** Makes renames, creations and removals in `folder` survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes what interrupted writes left in `folder`. Only for one who knows that nobody is writing there now. */
export function sweepLeftovers(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (LEFTOVER.test(name)) rmSync(join(folder, name), { force: true });
  }
}

function writeDurably(path: string, content: string, mode: number): void {
  const fd = openSync(path, 'wx', mode);
  try {
    const bytes = Buffer.from(content);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** What went wrong writing `path`, in a person's words; what was there before is untouched. */
export function writeFailure(path: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const errno = (error as NodeJS.ErrnoException).code ?? 'unknown';
  if (errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'EFBIG') {
    return new Failure('host', 'disk-full', `${path}: cannot be written: the disk is full`, {
      hint: 'free some disk space and try again; nothing was changed',
      cause: error,
    });
  }
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') {
    const why = errno === 'EROFS' ? 'the file system is read-only' : 'permission denied';
    return new Failure('host', 'permission-denied', `${path}: cannot be written: ${why}`, { cause: error });
  }
  return new Failure('failed', 'write-failed', `${path}: cannot be written: ${(error as Error).message}`, {
    cause: error,
  });
}
