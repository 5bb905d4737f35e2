import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { writeFileAtomically } from './atomic-file.ts';
import type { MachinePaths } from './paths.ts';
import { type Lineage, readVersioned } from './versioned.ts';

/** A last-run.json: how the last run of a machine went, or that one goes on. Written under the machine's lock. */
const lastRun = z.object({
  version: z.literal(1),
  startedAt: z.iso.datetime(),
  pid: z.int().check(z.positive()),
  /** /proc/sys/kernel/random/boot_id: tells a crashed VM host from a restarted computer. */
  bootId: z.string(),
  endedAt: z.optional(z.iso.datetime()),
  outcome: z.enum(['running', 'off', 'failed']),
  reason: z.optional(z.string()),
});
export type LastRun = z.infer<typeof lastRun>;

const lineage: Lineage<LastRun> = { noun: 'last run', version: 1, schema: lastRun, steps: {} };

/** How the last run went; undefined where there was none, or none that can be made out. */
export function readLastRun(paths: MachinePaths): LastRun | undefined {
  try {
    const read = readVersioned(readFileSync(paths.lastRun, 'utf8'), lineage);
    return 'value' in read ? read.value : undefined;
  } catch {
    return undefined;
  }
}

/** Only with the machine's lock held. */
export function writeLastRun(paths: MachinePaths, run: LastRun): void {
  writeFileAtomically(paths.lastRun, `${JSON.stringify(run, null, 2)}\n`);
}

export function currentBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** What to record of a run that was ended by killing its VM host, as somebody asked. */
export function killedRun(run: LastRun, now: Date): LastRun {
  return { ...run, outcome: 'off', endedAt: now.toISOString() };
}

/** What to record of a run whose VM host is gone without having said how it ended. */
export function crashedRun(run: LastRun, bootId: string, now: Date): LastRun {
  const reason =
    run.bootId === bootId
      ? `the VM host process (pid ${run.pid}) ended without a word: it was killed or ran out of memory`
      : 'the computer was restarted';
  return { ...run, outcome: 'failed', endedAt: now.toISOString(), reason };
}
