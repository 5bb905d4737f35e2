// npm run bench: set up, bundle test/bench, run it by Electron as Node.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setup } from './setup.mjs';

const { dist } = setup({ tests: true });
const { rolldown } = await import('rolldown');
const out = join(root, 'out/bench/bench.js');
const bundle = await rolldown({
  input: join(root, 'test/bench/main.ts'),
  platform: 'node',
  external: ['koffi', 'v86'],
});
await bundle.write({ file: out, format: 'es', codeSplitting: false });
const run = spawnSync(join(dist, 'electron'), [out, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
});
process.exit(run.status ?? 1);
