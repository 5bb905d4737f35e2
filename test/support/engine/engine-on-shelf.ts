import { join } from 'node:path';
import type { Disposable } from '../../../src-main/base/disposable.ts';
import { serveEngine } from '../../../src-main/docker-api/serve-engine.ts';
import { bulkheadPaths, type EnginePaths } from '../../../src-main/inventory/paths.ts';
import { BareNetworks } from './bare-networks.ts';
import { ProcessRuntime } from './process-runtime.ts';
import { ShelfOfImages } from './shelf-of-images.ts';

/** A whole engine whose containers are plain processes; `runtime` outlives it, as the real one's containers do. */
export async function engineOnShelf(
  env: NodeJS.ProcessEnv,
  runtime = new ProcessRuntime(),
): Promise<{ engine: Disposable; paths: EnginePaths; runtime: ProcessRuntime; images: ShelfOfImages }> {
  const paths = bulkheadPaths(env).engine;
  const images = new ShelfOfImages(join(paths.data, 'shelf'));
  images.put('busybox:latest', 'b', { Cmd: ['sh'], Env: ['PATH=/bin:/usr/bin'] });
  const engine = await serveEngine(paths, '1.2.3', () => ({
    runtime,
    images,
    networks: new BareNetworks(),
    cgroupVersion: '1',
    rootless: false,
  }));
  return { engine, paths, runtime, images };
}
