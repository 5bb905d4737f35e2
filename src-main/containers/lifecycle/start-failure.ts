import { Failure } from '../../base/failure.ts';

/** What Docker's clients look for in a failed start: they tell a missing command from one that must not be run. */
export function startFailure(failure: Failure): Failure {
  const { errno } = failure.facts;
  const looks = (name: string): boolean => errno === name || failure.message.includes(name);
  if (looks('ENOENT') && /exec/.test(failure.message))
    return command(failure, 'executable file not found in $PATH: no such file or directory');
  if (looks('EACCES') && /exec/.test(failure.message)) return command(failure, 'permission denied');
  return failure;
}

function command(failure: Failure, why: string): Failure {
  return new Failure(
    'usage',
    'bad-container-command',
    `failed to create task for container: ${failure.message}: ${why}`,
    { cause: failure },
  );
}

/** The exit code a shell would give a command that could not be run. */
export function exitCodeOf(failure: Failure): number {
  if (failure.code !== 'bad-container-command') return 128;
  return failure.message.endsWith('permission denied') ? 126 : 127;
}
