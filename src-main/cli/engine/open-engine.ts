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
