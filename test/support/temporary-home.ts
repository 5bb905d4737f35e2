import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A user's folders of its own, removed after the test file: the environment that points at them. */
export function temporaryHome(): { home: string; env: NodeJS.ProcessEnv } {
  const home = mkdtempSync(join(os.tmpdir(), 'bh-'));
  const run = join(home, 'run');
  mkdirSync(run, { mode: 0o700 });
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  return { home, env: { ...process.env, XDG_DATA_HOME: join(home, 'data'), XDG_RUNTIME_DIR: run } };
}
