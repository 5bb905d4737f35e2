import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether the programs a figure is measured against are there; where one is not, that is said, and the figure left out. */
export function refereesFor(figure: string, ...programs: readonly string[]): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  const missing = programs.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
  if (missing.length === 0) return true;
  process.stderr.write(`bench: ${figure}: left out, as it needs ${missing.join(', ')}\n`);
  return false;
}
