import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { expect, test } from 'vitest';
import { SpawnedInit } from '../../../../src-main/containers/runtime/launch/spawn-init.ts';
import { openPipe } from '../../../../src-main/linux/exec.ts';

test.each([
  ['exit 7', { code: 7, signal: null }],
  ['kill -TERM $$', { code: 143, signal: 'SIGTERM' }],
])('%s: how a process ended is told of after it is gone, too', async (script, how) => {
  const child = spawn('sh', ['-c', script], { stdio: 'ignore' });
  const orders = openPipe();
  const reports = openPipe();
  const init = new SpawnedInit(child, orders.write, reports.read, false);
  await once(child, 'exit');
  expect(await init.ended).toMatchObject(how);
  init.release();
  for (const fd of [orders.read, reports.write]) closeSync(fd);
  await expect(init.next()).rejects.toMatchObject({ code: 'init-ended' });
});
