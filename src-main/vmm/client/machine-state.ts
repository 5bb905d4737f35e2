import { Failure } from '../../base/failure.ts';
import { quote } from '../../inventory/machine-name.ts';

export type MachineState = 'stopped' | 'starting' | 'running' | 'paused' | 'stopping' | 'crashed' | 'broken';

/** One machine as lists show it: the shape of `vm list --json`. */
export interface MachineSummary {
  readonly id: string;
  readonly name: string;
  readonly state: MachineState;
  /** What it runs on while it runs, what was chosen for it otherwise. */
  readonly accelerator: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly pid?: number;
  /** Why it crashed, is broken, or does not answer. */
  readonly reason?: string;
}

export type MachineAction = 'start' | 'stop' | 'kill' | 'reset' | 'pause' | 'resume' | 'delete' | 'reach';

/** The states each action may be taken in. `reach`: anything that talks to the running machine. */
const ALLOWED: Record<MachineAction, readonly MachineState[]> = {
  start: ['stopped', 'crashed'],
  stop: ['running', 'stopping'],
  kill: ['starting', 'running', 'paused', 'stopping'],
  reset: ['running', 'paused', 'stopping'],
  pause: ['running', 'stopping'],
  resume: ['paused'],
  delete: ['stopped', 'crashed', 'broken'],
  reach: ['running', 'paused', 'stopping'],
};

/** Where each action leads. */
const LEADS_TO: Partial<Record<MachineAction, MachineState>> = {
  start: 'running',
  stop: 'stopping',
  kill: 'stopped',
  reset: 'running',
  pause: 'paused',
  resume: 'running',
};

const HINTS: Partial<Record<`${MachineAction} ${MachineState}`, string>> = {
  'stop paused': 'a paused guest cannot shut itself down: resume it first, or `bulkhead vm kill` it',
  'delete running': 'shut it down first: `bulkhead vm stop`, or `bulkhead vm kill`',
  'delete paused': 'switch it off first: `bulkhead vm kill`',
};

/** Whether a machine in that state keeps a VM host. */
export function isLive(state: MachineState): boolean {
  return ALLOWED.kill.includes(state);
}

export function mayAct(action: MachineAction, state: MachineState): boolean {
  return ALLOWED[action].includes(state);
}

/** Throws a `state` failure naming the state and where it should have led when `action` is not for a machine in that state. */
export function requireState(action: MachineAction, summary: MachineSummary): void {
  const { name, state, reason } = summary;
  if (mayAct(action, state)) return;
  const hint = HINTS[`${action} ${state}`];
  const to = LEADS_TO[action];
  const what = action === 'reach' ? 'does not run' : `cannot ${action}`;
  const why = state === 'broken' && reason !== undefined ? `it is broken: ${reason}` : `it is ${state}`;
  const way = to === undefined || to === state ? '' : ` (${state} → ${to})`;
  throw new Failure('state', `cannot-${action}`, `machine ${quote(name)}: ${what}: ${why}${way}`, {
    facts: { action, from: state, to: to ?? null },
    ...(hint === undefined ? {} : { hint }),
  });
}
