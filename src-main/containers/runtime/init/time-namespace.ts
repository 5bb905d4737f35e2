import { writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { Failure } from '../../../base/failure.ts';
import { CLONE, unshare } from '../../../linux/namespaces.ts';
import type { LinuxSpec } from '../spec/linux.ts';

/** From this Linux on a process enters the time namespace it has made when it executes a program; before, never. */
const ENTERED_ON_EXECUTION = [6, 3] as const;

/**
 * A new time namespace with these offsets, OCI runtime 1.2 config-linux §Offset for Time Namespace. The container's
 * program will be the first in it; until then its offsets can be set (time_namespaces(7)).
 */
export function makeTimeNamespace(offsets: NonNullable<LinuxSpec['timeOffsets']>): void {
  const [major = 0, minor = 0] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  const [fromMajor, fromMinor] = ENTERED_ON_EXECUTION;
  if (major < fromMajor || (major === fromMajor && minor < fromMinor)) {
    const why = `a new time namespace needs Linux ${fromMajor}.${fromMinor}, and this is ${release()}`;
    throw new Failure('host', 'no-time-namespace', `config.json: linux.namespaces: ${why}`);
  }
  unshare(CLONE.NEWTIME);
  const lines = Object.entries(offsets).map(([clock, { secs, nanosecs }]) => `${clock} ${secs} ${nanosecs}\n`);
  if (lines.length > 0) writeFileSync('/proc/self/timens_offsets', lines.join(''));
}
