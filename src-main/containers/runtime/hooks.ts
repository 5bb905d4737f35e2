import { spawnSync } from 'node:child_process';
import { Failure } from '../../base/failure.ts';
import type { HookStage, Spec } from './spec/config.ts';

/** Runs the hooks of one stage in order, with the container's state on their stdin: OCI runtime 1.2 config §posix-platform-hooks. */
export function runHooks(spec: Spec, stage: HookStage, state: string): void {
  for (const { path, args, env, timeout } of spec.hooks?.[stage] ?? []) {
    const result = spawnSync(path, args?.slice(1) ?? [], {
      argv0: args?.[0] ?? path,
      env: Object.fromEntries(
        (env ?? []).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      ),
      input: state,
      stdio: ['pipe', 'pipe', 'pipe'],
      encoding: 'utf8',
      ...(timeout === undefined ? {} : { timeout: timeout * 1000, killSignal: 'SIGKILL' as const }),
    });
    if (result.status === 0) continue;
    const late = (result.error as NodeJS.ErrnoException | undefined)?.code === 'ETIMEDOUT';
    const why = late
      ? `not done within ${timeout} s`
      : (result.error?.message ?? (result.signal === null ? `exit status ${result.status}` : result.signal));
    const said = result.stderr?.trim().slice(0, 300);
    throw new Failure('failed', 'hook-failed', `${stage} hook ${path}: ${why}${said ? `: ${said}` : ''}`);
  }
}
