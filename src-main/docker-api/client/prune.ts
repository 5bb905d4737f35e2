import type { EngineClient } from './engine-client.ts';

/** Docker API 1.47 …PruneResponse: what was removed, by a name or as an ImageDeleteResponseItem, and bytes that are free. */
type Answer = Readonly<Record<string, readonly Removed[] | number | null>>;
type Removed = string | { readonly Untagged?: string; readonly Deleted?: string };

export interface Pruned {
  readonly names: readonly string[];
  readonly bytes: number;
}

/** Has the engine remove what is not used of a kind. */
export async function prune(
  engine: EngineClient,
  kind: 'containers' | 'images' | 'networks' | 'volumes',
  filters: Readonly<Record<string, readonly string[]>> = {},
): Promise<Pruned> {
  const query = { filters: JSON.stringify(filters) };
  const answer = await engine.json<Answer>('POST', `/${kind}/prune`, { query });
  const { SpaceReclaimed, ...lists } = answer;
  const removed = Object.values(lists).flatMap((list) => (typeof list === 'number' || list === null ? [] : list));
  return {
    names: removed.map((one) => (typeof one === 'string' ? one : (one.Untagged ?? one.Deleted ?? ''))),
    bytes: typeof SpaceReclaimed === 'number' ? SpaceReclaimed : 0,
  };
}
