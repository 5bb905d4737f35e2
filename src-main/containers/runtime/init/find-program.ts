import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../../../base/failure.ts';

/** The file to execute for `name`, as execvp(3) finds it with the container's PATH. */
export function findProgram(name: string, env: readonly string[], cwd: string): string {
  if (name.includes('/')) {
    const path = resolve(cwd, name);
    const why = whyNotExecutable(path);
    if (why === undefined) return name;
    throw notExecutable(name, why);
  }
  const path =
    env.find((line) => line.startsWith('PATH='))?.slice(5) ??
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const folders = path.split(':').map((folder) => resolve(cwd, folder));
  let denied = false;
  for (const folder of folders) {
    const why = whyNotExecutable(`${folder}/${name}`);
    if (why === undefined) return `${folder}/${name}`;
    denied ||= why === 'EACCES';
  }
  throw denied
    ? notExecutable(name, 'EACCES')
    : new Failure('failed', 'program-not-found', `exec: "${name}": executable file not found in $PATH`);
}

function whyNotExecutable(path: string): string | undefined {
  try {
    if (!statSync(path).isFile()) return 'EACCES';
    accessSync(path, constants.X_OK);
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EACCES';
  }
}

function notExecutable(name: string, errno: string): Failure {
  return errno === 'EACCES'
    ? new Failure('failed', 'program-denied', `exec: "${name}": permission denied`)
    : new Failure('failed', 'program-not-found', `exec: "${name}": no such file or directory`);
}
