import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/**
 * The path of a folder that is there from before the first test of a file or `describe` to after the last, and not made
 * where none is run.
 * @param name short where sockets are made in it
 */
export function temporaryFolder(name: string): string {
  const folder = join(tmpdir(), `bh-${name}-${randomBytes(4).toString('hex')}`);
  beforeAll(() => mkdirSync(folder, { mode: 0o700 }));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
