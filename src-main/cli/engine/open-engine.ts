import { EngineClient } from '../../docker-api/client/engine-client.ts';
import { ensureEngine } from '../../docker-api/client/engine-process.ts';
import { bulkheadPaths } from '../../inventory/paths.ts';
import type { CliIo } from '../cli-io.ts';

/** The user's engine, started if it does not run. */
export async function openEngine(io: CliIo): Promise<EngineClient> {
  const { engine } = bulkheadPaths(io.env);
  await ensureEngine(engine, io.env);
  return new EngineClient(engine.socket);
}

/** `/containers/{name}/…` with a name as the user wrote it. */
export function containerPath(name: string, what = ''): string {
  return `/containers/${encodeURIComponent(name)}${what}`;
}

export function imagePath(name: string, what = ''): string {
  return `/images/${name.split('/').map(encodeURIComponent).join('/')}${what}`;
}
