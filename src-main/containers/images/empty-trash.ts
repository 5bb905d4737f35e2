import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreParts } from './store-parts.ts';

/** Deletes what was taken out of sight. */
export async function emptyTrash({ paths, workers }: Pick<StoreParts, 'paths' | 'workers'>): Promise<void> {
  const folders = readdirSync(paths.trash).map((name) => join(paths.trash, name));
  if (folders.length > 0) await workers.run({ kind: 'remove', folders });
}
