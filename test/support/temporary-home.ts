import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/**
 * A user's folders of its own, from before the first test of a file or `describe` to after the last, and not made where
 * none is run: the environment that points at them.
 */
export function temporaryHome(): { home: string; env: NodeJS.ProcessEnv } {
  // Short, for the sockets in it.
  const home = join(os.tmpdir(), `bh-${randomBytes(4).toString('hex')}`);
  const run = join(home, 'run');
  beforeAll(() => {
    mkdirSync(home, { mode: 0o700 });
    mkdirSync(run, { mode: 0o700 });
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  return { home, env: { ...process.env, XDG_DATA_HOME: join(home, 'data'), XDG_RUNTIME_DIR: run } };
}
