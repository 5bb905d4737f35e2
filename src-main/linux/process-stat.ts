import { readFileSync } from 'node:fs';

/** proc(5) stat, as places behind the program's name, which may hold anything: fields 3 and 22. */
const STATE = 0;
const START_TIME = 19;

/** When a living process started; undefined for one that has ended or is a zombie. */
export function processStart(pid: number): string | undefined {
  if (pid <= 0) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[STATE] === 'Z' || fields[STATE] === 'X' ? undefined : fields[START_TIME];
  } catch {
    return undefined;
  }
}
