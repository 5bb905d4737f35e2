import type { Disposable } from '../../../base/disposable.ts';

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
