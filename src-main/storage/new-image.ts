import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../base/failure.ts';
import type { DiskFormat } from './block-backend.ts';
import { HostImageFile } from './image-file.ts';
import { createQcow2 } from './qcow2/create.ts';

/**
 * Makes the file at `path` with `write`, in whole or not at all: it gets its name when all of it is on the disk. A
 * file that is there already stays.
 */
export async function makeImage(path: string, write: (file: HostImageFile) => void | Promise<void>): Promise<void> {
  const taken = new Failure('state', 'disk-exists', `${path}: exists already`, {
    hint: 'choose another name, or remove the file first',
  });
  if (existsSync(path)) throw taken;
  const folder = dirname(path);
  if (!existsSync(folder)) throw new Failure('not-found', 'folder-missing', `${folder}: no such folder`);
  const unfinished = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const file = HostImageFile.create(unfinished);
  try {
    await write(file);
    file.sync();
    linkSync(unfinished, path);
    syncFolder(folder);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken : error;
  } finally {
    file.dispose();
    rmSync(unfinished, { force: true });
  }
}

/** Makes an image without any data, of `size` bytes; throws where a file is already. */
export function makeEmptyImage(path: string, format: DiskFormat, size: number): void {
  const file = HostImageFile.create(path);
  try {
    if (format === 'raw') file.resize(size);
    else createQcow2(file, { size });
    file.sync();
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    file.dispose();
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
