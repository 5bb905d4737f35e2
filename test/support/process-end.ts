import { readFileSync } from 'node:fs';

/** Whether a process has ended, be it a zombie that its parent has yet to hear of. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}

/** Waits for the end of a process within this turn of the loop: nobody here hears of it meanwhile. */
export function blockUntilGone(pid: number): void {
  const giveUpAt = performance.now() + 10_000;
  while (!isGone(pid)) if (performance.now() > giveUpAt) throw new Error(`${pid} does not end`);
}
