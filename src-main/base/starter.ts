import { closeSync, read, writeSync } from 'node:fs';

/** The pipe from a detached process to whoever started it, for one line of JSON. */
const REPORT_FD = 3;
/** The pipe the other way: one line, by which a process that was started ahead goes to work. */
const ORDER_FD = 4;
/** Among its arguments: it was started ahead. */
export const STARTED_AHEAD = '--started-ahead';

/** Tells the starter of this process how its start went: the first report is told, once. */
export function starterReport<T extends object>(): (line: T) => void {
  let reported = false;
  return (line) => {
    if (reported) return;
    reported = true;
    try {
      writeSync(REPORT_FD, `${JSON.stringify(line)}\n`);
      closeSync(REPORT_FD);
    } catch {
      // The starter has gone: nobody is left to tell.
    }
  };
}

/** Waits for the starter's order: when it was given, in milliseconds since 1970; undefined where the starter has gone without one. */
export function starterOrder(): Promise<number | undefined> {
  return new Promise((resolve) => {
    const line = Buffer.alloc(64);
    read(ORDER_FD, line, 0, line.length, null, (error, length) => {
      closeSync(ORDER_FD);
      resolve(error || length === 0 ? undefined : Number.parseFloat(line.toString('latin1', 0, length)));
    });
  });
}
