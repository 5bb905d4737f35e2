import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The clone's root folder: the nearest one above with a package.json. */
export const repositoryRoot = ((): string => {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw new Error('no package.json above this file');
})();
