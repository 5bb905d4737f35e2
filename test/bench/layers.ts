import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LayerWorkers } from '../../src-main/containers/rootfs/layer-workers.ts';
import { makeLayout, packFolder } from '../support/engine/layout-maker.ts';
import { type Figure, inTurn } from './figure.ts';
import { refereesFor } from './referees.ts';

const RUNS = 5;
const FILES = 20_000;
const FOLDERS = 200;
const LARGE = 3;
const LARGE_BYTES = 32 << 20;
const NAME = 'layer-against-umoci';

/** In memory where there is such a folder: a disk takes its own time, and the same for both. */
const MEMORY = '/dev/shm';

/** A gzipped layer of many small files and some large ones, unpacked: our layer worker against `umoci raw unpack`. */
export async function benchLayers(): Promise<Figure[]> {
  if (!refereesFor(NAME, 'umoci', 'tar')) return [];
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'bulkhead-bench-'));
  const workers = new LayerWorkers();
  try {
    const { blob, layout } = makeLayer(folder);
    const byUmoci = (target: string) =>
      execFileSync('umoci', ['raw', 'unpack', '--image', `${layout}:x`, target], { stdio: 'ignore' });
    const figures = await inTurn(
      RUNS,
      () => timed(folder, (target) => unpack(workers, blob, target)),
      () => timed(folder, byUmoci),
    );
    return [{ name: NAME, unit: 'ms', ...figures }];
  } finally {
    workers.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeLayer(folder: string): { blob: string; layout: string } {
  const tree = join(folder, 'tree');
  for (let at = 0; at < FOLDERS; at++) mkdirSync(join(tree, `folder-${at}`), { recursive: true });
  for (let at = 0; at < FILES; at++) {
    // Half text, half noise: it compresses as programs do.
    const bytes = randomBytes(128 + (at % 37) * 64);
    writeFileSync(
      join(tree, `folder-${at % FOLDERS}`, `file-${at}`),
      `${bytes.toString('hex')}${bytes.toString('base64')}`,
    );
  }
  for (let at = 0; at < LARGE; at++) {
    const noise = randomBytes(LARGE_BYTES / 2);
    writeFileSync(
      join(tree, `large-${at}`),
      Buffer.concat([noise, noise.subarray(0, LARGE_BYTES / 4), Buffer.alloc(LARGE_BYTES / 4, 'text ')]),
    );
  }
  const layout = makeLayout(join(folder, 'layout'), 'x', [packFolder(tree)]);
  rmSync(tree, { recursive: true });
  const read = (path: string): { manifests: { digest: string }[]; layers: { digest: string }[] } =>
    JSON.parse(readFileSync(path, 'utf8'));
  const at = (digest = ''): string => join(layout, 'blobs', digest.replace(':', '/'));
  const manifest = read(join(layout, 'index.json')).manifests[0];
  return { layout, blob: at(read(at(manifest?.digest)).layers[0]?.digest) };
}

async function unpack(workers: LayerWorkers, blob: string, target: string): Promise<void> {
  mkdirSync(target);
  const scratch = `${target}.work`;
  await workers.run({ kind: 'apply', blob, parents: [], folder: target, scratch, whiteouts: true });
}

/** Milliseconds; what it makes is deleted after. */
async function timed(folder: string, work: (target: string) => unknown): Promise<number> {
  const target = join(folder, 'target');
  const begin = performance.now();
  await work(target);
  const took = performance.now() - begin;
  rmSync(target, { recursive: true, force: true });
  return took;
}
