import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLogTail } from '../../../src-main/ipc/machine-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder('log');

test('a log that does not exist yet is empty', async () => {
  const path = join(folder, 'none.log');
  expect(await readLogTail(path, 100)).toEqual({ path, size: 0, text: '', truncated: false });
});

test('a short log comes whole', async () => {
  const path = join(folder, 'short.log');
  writeFileSync(path, 'one\ntwo\n');
  expect(await readLogTail(path, 100)).toEqual({ path, size: 8, text: 'one\ntwo\n', truncated: false });
});

test('of a long log comes the end, from the start of a line', async () => {
  const path = join(folder, 'long.log');
  writeFileSync(path, 'first line\nsecond line\nthird\n');
  expect(await readLogTail(path, 10)).toMatchObject({ text: 'third\n', truncated: true, size: 29 });
});
