import type { RestartPolicy } from './container-config.ts';

/** Docker's documented back-off: doubling from 100 ms to a minute, forgotten after ten good seconds. */
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 60_000;
const GOOD_RUN_MS = 10_000;

export interface EndedRun {
  readonly exitCode: number;
  readonly ranMs: number;
  /** By stop or kill through the API, and not started since. */
  readonly stoppedByUser: boolean;
  /** Restarts by policy since the user started it. */
  readonly restarts: number;
  /** What was waited before this run; 0 if the user started it. */
  readonly delayMs: number;
}

/** After how long a container that ended is started again; undefined when it is not. */
export function restartDelay({ Name, MaximumRetryCount }: RestartPolicy, run: EndedRun): number | undefined {
  if (run.stoppedByUser || Name === 'no') return undefined;
  if (Name === 'on-failure') {
    if (run.exitCode === 0) return undefined;
    if (MaximumRetryCount > 0 && run.restarts >= MaximumRetryCount) return undefined;
  }
  if (run.ranMs >= GOOD_RUN_MS || run.delayMs === 0) return FIRST_DELAY_MS;
  return Math.min(run.delayMs * 2, LONGEST_DELAY_MS);
}

/** Whether the engine starts it when it starts itself. */
export function startsWithEngine({ Name }: RestartPolicy, stoppedByUser: boolean): boolean {
  return Name === 'always' || (Name === 'unless-stopped' && !stoppedByUser);
}
