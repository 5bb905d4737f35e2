// npm test: types, lint, then every test, run by Electron as Node: the runtime that ships.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

const { dist } = setup({ tests: true });
const electron = join(dist, 'electron');

function step(name, command, args, env = {}) {
  process.stderr.write(`\n== ${name}\n`);
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (result.status !== 0) {
    process.stderr.write(`error: ${name} failed\n`);
    process.exit(1);
  }
}

// What takes longer than a change should wait for has a command of its own, `npm run test:long`; naming a file runs all of it.
const filters = process.argv.slice(2);
const chosen = filters.length === 0 ? ['--tags-filter', '!long'] : filters;
if (filters.length === 0) {
  step('types', join(root, 'node_modules/.bin/tsc'), ['--noEmit']);
  step('lint', join(root, 'node_modules/.bin/biome'), ['check', '--error-on-warnings', '.']);
}
step('tests', electron, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...chosen], {
  ELECTRON_RUN_AS_NODE: '1',
  ELECTRON_OVERRIDE_DIST_PATH: dist,
});
