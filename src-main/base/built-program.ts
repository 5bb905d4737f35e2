import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from './failure.ts';

/** Where one of the built programs is: beside this one, one folder up from a chunk, or in a clone's `out`. */
export function builtProgram(name: string): string {
  const here = import.meta.dirname;
  const candidates = [join(here, name), join(dirname(here), name)];
  for (let folder = here; folder !== dirname(folder); folder = dirname(folder)) {
    candidates.push(join(folder, 'out', 'main', name));
  }
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Failure('host', 'not-built', `${name}: this part of the program is missing`, {
    hint: 'run `npm start` once',
  });
}
