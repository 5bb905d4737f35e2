import { closeSync, writeSync } from 'node:fs';

/** The pipe from a detached process to whoever started it, for one line of JSON. */
const REPORT_FD = 3;

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
