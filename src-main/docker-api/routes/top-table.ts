import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Failure } from '../../base/failure.ts';

const run = promisify(execFile);

/** Docker API 1.47 ContainerTop: ps(1) of the host, the lines of these processes. */
export async function topTable(
  pids: readonly number[],
  psArgs: string,
): Promise<{ Titles: string[]; Processes: string[][] }> {
  const args = (psArgs || '-ef').split(/\s+/).filter(Boolean);
  const { stdout } = await run('ps', args, { maxBuffer: 64 << 20 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT')
      throw new Failure('host', 'no-ps', 'ps: it is not installed', { hint: 'install procps' });
    throw new Failure('usage', 'ps-failed', `ps ${args.join(' ')}: ${error.message.split('\n')[1] ?? error.message}`);
  });
  const [head = '', ...lines] = stdout.split('\n').filter(Boolean);
  const Titles = head.trim().split(/\s+/);
  const at = Titles.indexOf('PID');
  if (at < 0) throw new Failure('usage', 'no-pid-column', "Couldn't find PID field in ps output");
  const wanted = new Set(pids.map(String));
  const Processes = lines.map((line) => columns(line, Titles.length)).filter((cells) => wanted.has(cells[at] ?? ''));
  return { Titles, Processes };
}

/** The last column takes the rest of the line, as a command has spaces. */
function columns(line: string, count: number): string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, count - 1), words.slice(count - 1).join(' ')];
}
