import type { Readable } from 'node:stream';
import { imagePath } from './api-paths.ts';
import type { EngineClient } from './engine-client.ts';
import { credentialHeaders } from './kept-credentials.ts';

export interface TransferAsk {
  /** Whose kept credentials speak to the registry. */
  readonly env: NodeJS.ProcessEnv;
  /** Going away cancels the transfer. */
  readonly signal?: AbortSignal;
}

/** What the engine tells of a pull, line by line. A name without tag and digest means `:latest`. */
export async function* pullLines<T>(
  engine: EngineClient,
  image: string,
  { env, ...more }: TransferAsk,
): AsyncGenerator<T> {
  const tagged = image.includes('@') || /:[^/]+$/.test(image);
  const query = { fromImage: image, tag: tagged ? undefined : 'latest' };
  const headers = await credentialHeaders(image, env);
  yield* engine.lines<T>('POST', '/images/create', { query, headers, ...more });
}

/** What the engine tells of a push, line by line. */
export async function* pushLines<T>(
  engine: EngineClient,
  image: string,
  { env, ...more }: TransferAsk,
): AsyncGenerator<T> {
  const headers = await credentialHeaders(image, env);
  yield* engine.lines<T>('POST', imagePath(image, '/push'), { headers, ...more });
}

/** What the engine tells of the images it takes out of an archive. */
export function loadLines<T>(
  engine: EngineClient,
  archive: Readable,
  more: Pick<TransferAsk, 'signal'> = {},
): AsyncGenerator<T> {
  return engine.lines<T>('POST', '/images/load', { upload: archive, contentType: 'application/x-tar', ...more });
}
