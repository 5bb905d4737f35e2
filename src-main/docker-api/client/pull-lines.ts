import type { EngineClient } from './engine-client.ts';
import { credentialHeaders } from './kept-credentials.ts';

export interface PullAsk {
  /** Whose kept credentials speak to the registry. */
  readonly env: NodeJS.ProcessEnv;
  /** Going away cancels the pull. */
  readonly signal?: AbortSignal;
}

/** What the engine tells of a pull, line by line. A name without tag and digest means `:latest`. */
export async function* pullLines<T>(engine: EngineClient, image: string, { env, ...more }: PullAsk): AsyncGenerator<T> {
  const tagged = image.includes('@') || /:[^/]+$/.test(image);
  const query = { fromImage: image, tag: tagged ? undefined : 'latest' };
  const headers = await credentialHeaders(image, env);
  yield* engine.lines<T>('POST', '/images/create', { query, headers, ...more });
}
