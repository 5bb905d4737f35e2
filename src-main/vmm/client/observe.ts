import { existsSync, readFileSync, rmSync } from 'node:fs';
import * as z from 'zod/mini';
import { asFailure } from '../../base/failure.ts';
import { sweepLeftovers } from '../../inventory/atomic-file.ts';
import {
  crashedRun,
  currentBootId,
  killedRun,
  type LastRun,
  readLastRun,
  writeLastRun,
} from '../../inventory/last-run.ts';
import { forward } from '../../inventory/machine-hardware.ts';
import { tryLockMachine } from '../../inventory/machine-lock.ts';
import { entryId, entryName, type MachineEntry } from '../../inventory/machine-store.ts';
import type { BulkheadPaths, MachinePaths } from '../../inventory/paths.ts';
import type { MachineState, MachineSummary } from './machine-state.ts';
import { QmpClient } from './qmp-client.ts';

/** How long a busy VM host may take to say how it is. */
const ANSWER_MS = 3000;

/** What `x-query-machine` answers. */
const machineReport = z.object({
  state: z.enum(['running', 'paused', 'stopping']),
  accelerator: z.string(),
  cpus: z.number(),
  memoryMiB: z.number(),
  pid: z.number(),
  startedAt: z.string(),
  boot: z.string(),
  serial: z.object({ bytes: z.number() }),
  /** What keeps a paused machine from going on. */
  reason: z.optional(z.string()),
  /** Each network card, the guest's IPv4 address where it is known, and what has passed. */
  networks: z.optional(
    z.array(
      z.object({
        name: z.string(),
        kind: z.enum(['user', 'tap', 'bridge']),
        mac: z.string(),
        address: z.optional(z.string()),
        forwards: z.optional(z.array(forward)),
        traffic: z.record(z.string(), z.number()),
      }),
    ),
  ),
});
export type MachineReport = z.infer<typeof machineReport>;

/** A machine as found; with the connection it was asked over, for those who want to hear more. */
export interface Observation {
  readonly summary: MachineSummary;
  readonly report?: MachineReport;
  readonly qmp?: QmpClient;
  /** It is on its way to another state, without anyone to announce that: look again soon. */
  readonly transient: boolean;
}

/**
 * Finds out how a machine is, and reaps it when its VM host is gone without a word. The caller disposes `qmp`.
 * Costs no lock and no connection for a machine that was ended properly. Asks over `known` where that is given.
 */
export async function observe(paths: BulkheadPaths, entry: MachineEntry, known?: QmpClient): Promise<Observation> {
  const machine = paths.machine(entryId(entry));
  if (!existsSync(machine.runtime) && readLastRun(machine)?.outcome !== 'running') return atRest(entry, machine);
  let qmp = known;
  try {
    qmp ??= await QmpClient.connect(machine.qmp, ANSWER_MS);
    const report = machineReport.parse(await qmp.execute('x-query-machine', undefined, ANSWER_MS));
    return { summary: liveSummary(entry, report), report, qmp, transient: false };
  } catch (error) {
    qmp?.dispose();
    return withoutAnswer(entry, machine, asFailure(error).code === 'qmp-gone');
  }
}

/** Tidies up after a VM host that is gone; false while one lives. `undefined` when the machine was deleted. */
export function reap(paths: MachinePaths, now = new Date()): boolean | undefined {
  const lock = tryLockMachine(paths);
  if (!lock) return lock === null ? false : undefined;
  try {
    const wanted = existsSync(paths.killed);
    rmSync(paths.runtime, { recursive: true, force: true });
    sweepLeftovers(paths.folder);
    const run = readLastRun(paths);
    if (run?.outcome === 'running')
      writeLastRun(paths, wanted ? killedRun(run, now) : crashedRun(run, currentBootId(), now));
    return true;
  } finally {
    lock.dispose();
  }
}

/** The process that serves the machine, by its own word. */
export function hostPid(paths: MachinePaths): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(paths.pid, 'utf8'), 10);
    return pid > 1 ? pid : undefined;
  } catch {
    const run = readLastRun(paths);
    return run?.outcome === 'running' ? run.pid : undefined;
  }
}

function withoutAnswer(entry: MachineEntry, paths: MachinePaths, gone: boolean): Observation {
  if (reap(paths) !== false) return atRest(entry, paths);
  const pid = hostPid(paths);
  // A VM host writes its pid last before it listens, and removes it last.
  const ending = existsSync(paths.pid);
  const state: MachineState = gone ? (ending ? 'stopping' : 'starting') : 'running';
  const reason = gone ? undefined : `its VM host${pid === undefined ? '' : ` (pid ${pid})`} does not answer`;
  return { summary: { ...summaryOf(entry, state, reason), ...(pid === undefined ? {} : { pid }) }, transient: true };
}

function atRest(entry: MachineEntry, paths: MachinePaths): Observation {
  const run = readLastRun(paths);
  const crashed = run?.outcome === 'failed';
  const summary = summaryOf(entry, crashed ? 'crashed' : 'stopped', crashed ? crashReason(run) : undefined);
  return { summary, transient: false };
}

function crashReason(run: LastRun): string {
  return run.reason ?? 'its last run failed without a reason given';
}

function liveSummary(entry: MachineEntry, report: MachineReport): MachineSummary {
  const { state, accelerator, cpus, memoryMiB, pid, reason } = report;
  return { ...summaryOf(entry, state, reason), accelerator, cpus, memoryMiB, pid };
}

/** A broken machine stays broken whatever else is true of it: nothing may be concluded from what it runs. */
function summaryOf(entry: MachineEntry, state: MachineState, reason?: string): MachineSummary {
  const id = entryId(entry);
  const name = entryName(entry);
  if (entry.kind === 'broken') {
    return { id, name, state: 'broken', accelerator: '-', cpus: 0, memoryMiB: 0, reason: entry.reason };
  }
  const { accelerator, cpus, memoryMiB } = entry.config;
  return { id, name, state, accelerator, cpus, memoryMiB, ...(reason === undefined ? {} : { reason }) };
}
