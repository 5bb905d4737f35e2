/** What an image store finds of work that was cut off. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openImageStore } from '../../../src-main/containers/images/local-image-store.ts';
import { need } from '../../support/need.ts';
import { bundleWorker } from '../../support/worker-bundle.ts';

describe('an image store that is opened', () => {
  need('root');
  const folder = mkdtempSync(join(tmpdir(), 'bh-cut-off-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('has no root file system that was never finished, and no half-written index', async () => {
    const worker = await bundleWorker(
      new URL('../../../src-main/entries/layer-worker.ts', import.meta.url),
      'layer-worker',
    );
    (await openImageStore({ folder, worker })).close();
    mkdirSync(join(folder, 'rootfs/unfinished/upper'), { recursive: true });
    writeFileSync(join(folder, '.index.json.0123456789ab.tmp'), '{');
    const store = await openImageStore({ folder, worker });
    expect(readdirSync(join(folder, 'rootfs'))).toEqual([]);
    expect(readdirSync(join(folder, 'trash'))).toEqual([]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    store.close();
  });

  test('counts nothing for a container that is gone, for whoever sums up many', async () => {
    const store = await openImageStore({ folder });
    expect(await store.snapshots.usage('gone')).toEqual({ sizeRw: 0, sizeRootFs: 0 });
    store.close();
  });
});
