import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Disposable } from '../../../base/disposable.ts';

/** A child's exit status as a shell has it. */
export function exitStatus(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 255) : 128 + constants.signals[signal]));
  });
}

const FORWARDED = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** What is sent to us goes to the container's process, until disposed. */
export function forwardSignals(pid: number): Disposable {
  const listeners = FORWARDED.map((signal) => {
    const listener = (): void => {
      try {
        process.kill(pid, signal);
      } catch {
        // ESRCH: it has ended.
      }
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return {
    dispose: () => {
      for (const off of listeners) off();
    },
  };
}
