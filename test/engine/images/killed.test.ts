/** Whenever the engine is killed, the image store is consistent and the next attempt finishes the work. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openImageStore } from '../../../src-main/containers/images/local-image-store.ts';
import { mountPoints } from '../../../src-main/containers/rootfs/overlay-mount.ts';
import { makeLayout, packFolder } from '../../support/engine/layout-maker.ts';
import { LoopbackRegistry, skopeo } from '../../support/engine/loopback-registry.ts';
import { need } from '../../support/need.ts';
import { Random } from '../../support/random.ts';
import { SLOWNESS } from '../../support/slowness.ts';
import { bundleWorker } from '../../support/worker-bundle.ts';

const KILLS = 6;
/** Each kill costs the start of a process, and machines are slow at times. */
const LONG_MS = 180_000 * SLOWNESS;

describe('an image store whose process is killed', () => {
  const met = need('root', 'registry');
  const folder = mkdtempSync(join(tmpdir(), 'bh-killed-'));
  const at = (...names: string[]): string => join(folder, ...names);
  let registry: LoopbackRegistry;
  let worker: URL;
  let script: URL;

  beforeAll(async () => {
    if (!met) return;
    worker = await bundleWorker(new URL('../../../src-main/entries/layer-worker.ts', import.meta.url), 'layer-worker');
    script = await bundleWorker(new URL('../../support/engine/pull-once.ts', import.meta.url), 'pull-once');
    registry = await LoopbackRegistry.start(at('registry'));
    for (const layer of ['0', '1', '2']) {
      for (let index = 0; index < 150; index++) {
        mkdirSync(at('layers', layer, `d${index % 10}`), { recursive: true });
        writeFileSync(
          at('layers', layer, `d${index % 10}`, `f${layer}-${index}`),
          createHash('sha512').update(`${layer}${index}`).digest('hex').repeat(100),
        );
      }
    }
    makeLayout(
      at('layout'),
      'x',
      ['0', '1', '2'].map((layer) => packFolder(at('layers', layer))),
    );
    skopeo('copy', '-q', '--dest-tls-verify=false', `oci:${at('layout')}:x`, `docker://${registry.host}/killed:1`);
  });

  afterAll(async () => {
    await registry?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the puller and kills it `delayMs` after it opened the store; whether it got to its end before. */
  async function pullAndKill(delayMs: number): Promise<boolean> {
    const args = [fileURLToPath(script), at('store'), `${registry.host}/killed:1`, fileURLToPath(worker)];
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), delayMs));
    return (await ended) === 0;
  }

  function expectConsistent(): void {
    const blobs = at('store/blobs/sha256');
    for (const name of existsSync(blobs) ? readdirSync(blobs) : []) {
      expect(
        createHash('sha256')
          .update(readFileSync(join(blobs, name)))
          .digest('hex'),
      ).toBe(name);
    }
    for (const name of existsSync(at('store/layers')) ? readdirSync(at('store/layers')) : []) {
      expect(readdirSync(at('store/layers', name)).sort()).toEqual(['files', 'layer.json']);
    }
    expect([...mountPoints()].filter((point) => point.startsWith(folder))).toEqual([]);
  }

  test(
    'nothing half-done has a name, no mount stays, and the image is whole in the end',
    async () => {
      const random = new Random(20261125);
      for (let kill = 0; kill < KILLS; kill++) {
        await pullAndKill(random.below(400));
        expectConsistent();
      }
      const store = await openImageStore({ folder: at('store'), worker });
      try {
        for (const name of ['leases', 'scratch', 'trash']) expect(readdirSync(at('store', name)), name).toEqual([]);
        const image = await store.pull(`${registry.host}/killed:1`);
        await store.snapshots.prepare('c', image.id);
        const root = store.snapshots.mount('c');
        for (const layer of ['0', '1', '2']) {
          for (const name of readdirSync(at('layers', layer, 'd1'))) {
            expect(readFileSync(join(root, 'd1', name)).equals(readFileSync(at('layers', layer, 'd1', name)))).toBe(
              true,
            );
          }
        }
        await store.snapshots.remove('c');
        await store.remove(image.id, { force: true });
        for (const name of ['blobs/sha256', 'layers', 'rootfs', 'scratch', 'trash']) {
          expect(readdirSync(at('store', name)), name).toEqual([]);
        }
      } finally {
        store.close();
      }
    },
    LONG_MS,
  );
});
