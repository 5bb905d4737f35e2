import { once } from 'node:events';
import { closeSync, constants, mkdirSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listFolder } from '../../../../src-main/containers/rootfs/list-folder.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const folder = temporaryFolder('folder');
let root = -1;

beforeAll(() => {
  mkdirSync(join(folder, 'inner/sub'), { recursive: true });
  writeFileSync(join(folder, 'inner/file'), 'seven b', { mode: 0o640 });
  symlinkSync('/inner', join(folder, 'within'));
  symlinkSync('../../../../../..', join(folder, 'climbing'));
  symlinkSync('/nowhere', join(folder, 'dangling'));
  symlinkSync('inner/file', join(folder, 'to-file'));
  root = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY);
});

afterAll(() => closeSync(root));

const namesIn = (path: string): string[] => listFolder(root, path, 100).files.map(({ name }) => name);

describe('the list of a folder', () => {
  test('has every file by name, with its size and permissions', () => {
    const { files, truncated } = listFolder(root, '/inner', 100);
    expect(truncated).toBe(false);
    expect(files.map(({ name, leadsIn }) => [name, leadsIn])).toEqual([
      ['file', false],
      ['sub', true],
    ]);
    expect(files[0]?.status).toMatchObject({ size: 7, mode: 0o100640 });
  });

  test('says which links lead to a folder, and what they say', () => {
    const links = listFolder(root, '/', 100).files.filter(({ link }) => link !== '');
    expect(links.map(({ name, link, leadsIn }) => [name, link, leadsIn])).toEqual([
      ['climbing', '../../../../../..', true],
      ['dangling', '/nowhere', false],
      ['to-file', 'inner/file', false],
      ['within', '/inner', true],
    ]);
  });

  test('never leads out of the root, by a link or by dots', () => {
    const own = namesIn('/');
    expect(own).toContain('inner');
    for (const path of ['/climbing', '/climbing/climbing', '/inner/..']) expect(namesIn(path)).toEqual(own);
    expect(namesIn('/within')).toEqual(['file', 'sub']);
    expect(() => namesIn('/../../etc')).toThrow('leads out of the root');
  });

  test('finds its way up while files are renamed, over which openat2 gives up', async () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    writeFileSync(one, '');
    const loop = 'for (;;) { renameSync(one, two); renameSync(two, one); }';
    const code = `const { renameSync } = require('node:fs'); const { one, two } = require('node:worker_threads').workerData; ${loop}`;
    const renaming = new Worker(code, { eval: true, workerData: { one, two } });
    try {
      await once(renaming, 'online');
      for (let i = 0; i < 20_000; i++) namesIn('/climbing/inner');
    } finally {
      await renaming.terminate();
      for (const path of [one, two]) rmSync(path, { force: true });
    }
  });

  test('ends where it is told to, and says so', () => {
    expect(listFolder(root, '/', 2)).toMatchObject({
      truncated: true,
      files: [{ name: 'climbing' }, { name: 'dangling' }],
    });
  });

  test.for(['/missing', '/inner/file', '/dangling'])('%s is no folder', (path) => {
    expect(() => listFolder(root, path, 100)).toThrow(`Could not find the folder ${path}`);
  });
});
