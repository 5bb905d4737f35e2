import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of the files in a folder, each counted once however many names it has. */
export async function folderSize(folder: string): Promise<number> {
  const seen = new Set<number>();
  const visit = async (path: string): Promise<number> => {
    let sum = 0;
    for (const name of await readdir(path).catch(() => [])) {
      const child = join(path, name);
      const stat = await lstat(child).catch(() => undefined);
      if (stat === undefined || seen.has(stat.ino)) continue;
      seen.add(stat.ino);
      sum += stat.isDirectory() ? await visit(child) : stat.size;
    }
    return sum;
  };
  return visit(folder);
}
