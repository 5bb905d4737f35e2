import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';

/** A user's folders of its own, as `temporaryFolder` has one: the environment that points at them. */
export function temporaryHome(): { home: string; env: NodeJS.ProcessEnv } {
  const home = temporaryFolder('h');
  const run = join(home, 'run');
  beforeAll(() => mkdirSync(run, { mode: 0o700 }));
  return { home, env: { ...process.env, XDG_DATA_HOME: join(home, 'data'), XDG_RUNTIME_DIR: run } };
}
