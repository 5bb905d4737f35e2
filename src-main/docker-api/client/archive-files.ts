import { createReadStream, createWriteStream, openSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../base/failure.ts';

/** An archive's bytes. */
export function readArchive(path: string): Readable {
  try {
    return createReadStream(path, { fd: openSync(path, 'r') });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const failureClass = code === 'ENOENT' ? 'not-found' : 'failed';
    throw new Failure(failureClass, 'archive-unreadable', `${path}: cannot be read: ${message}`, { cause });
  }
}

/** Writes an archive to a file, which appears once it is whole; a pipe or a device is written to as it is. */
export async function writeArchive(archive: Readable, path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined && !there.isFile()) return pipeline(archive, createWriteStream(path));
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await pipeline(archive, createWriteStream(partial, { flags: 'wx' }));
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
