import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import * as z from 'zod/mini';
import { Failure, type FailureRecord, reviveFailure } from '../../base/failure.ts';
import type { BulkheadPaths, MachinePaths } from '../../inventory/paths.ts';
import { requireSocketPaths } from '../../inventory/paths.ts';
import { reap } from './observe.ts';
import {
  dismissVmHost,
  orderVmHost,
  startVmHost,
  type VmHostEnd,
  type VmHostOptions,
  type VmHostProcess,
} from './vm-host-process.ts';

export interface Launched {
  readonly pid: number;
  readonly accelerator: string;
}

export interface LaunchOptions extends VmHostOptions {
  readonly timeoutMs?: number;
  /** Gives up and ends the VM host. */
  readonly signal?: AbortSignal;
  /** A VM host that was started when it was no more than likely which machine is meant. */
  readonly foreseen?: VmHostProcess;
}

/** Loading a kernel and an initrd from a slow disk takes seconds, not minutes. */
const READY_MS = 60_000;
/** Each vCPU is a thread that loads its own code. */
const READY_MS_PER_VCPU = 2000;

/** How long a machine of so many vCPUs may take until its guest runs. */
export function readyLimitMs(cpus: number): number {
  return READY_MS + READY_MS_PER_VCPU * cpus;
}
const READY_LINE_MAX = 64 * 1024;
/** One that said why it failed has its own tidying up to do. */
const FAREWELL_MS = 3000;
const LOOK_AGAIN_MS = 20;

const verdict = z.union([
  z.object({ ready: z.object({ pid: z.number(), accelerator: z.string() }) }),
  z.object({
    failure: z.object({
      failureClass: z.enum(['usage', 'not-found', 'state', 'host', 'failed']),
      code: z.string(),
      message: z.string(),
      hint: z.optional(z.string()),
      facts: z.optional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
    }),
  }),
]);

/**
 * Starts the VM host of machine `id` and waits until the guest runs. The VM host outlives its starter. When it fails,
 * it throws what the VM host said, or what can be told of its end, and leaves no process behind.
 */
export async function launchMachine(paths: BulkheadPaths, id: string, options: LaunchOptions = {}): Promise<Launched> {
  const machine = paths.machine(id);
  requireSocketPaths(machine);
  if ((await reapEnding(machine)) === false)
    throw new Failure('state', 'machine-running', 'cannot start: it is running already');
  options.signal?.throwIfAborted();
  const host = await orderedHost(machine, id, options);
  const { child, logged } = host;
  let graceMs = 0;
  try {
    const { ready, failure } = parseVerdict(await readyLine(host, options));
    if (ready) {
      child.unref();
      return ready;
    }
    graceMs = FAREWELL_MS;
    throw reviveFailure(failure!);
  } catch (error) {
    await end(child, graceMs);
    reap(machine);
    throw error instanceof EndedEarly ? error.failure(lastLine(machine.hostLog, logged)) : error;
  } finally {
    child.stdio[3]?.destroy();
  }
}

/** `reap`, with patience for a VM host that has tidied up and is about to let go of its lock. */
async function reapEnding(machine: MachinePaths): Promise<boolean | undefined> {
  const giveUpAt = performance.now() + FAREWELL_MS;
  for (;;) {
    const reaped = reap(machine);
    if (reaped !== false || existsSync(machine.runtime) || performance.now() > giveUpAt) return reaped;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** A VM host that has its order: the one that was foreseen, if it is for this machine and there to hear it. */
async function orderedHost(machine: MachinePaths, id: string, options: LaunchOptions): Promise<VmHostProcess> {
  const { foreseen } = options;
  if (foreseen !== undefined) {
    if (foreseen.id === id && (await orderVmHost(foreseen))) return foreseen;
    dismissVmHost(foreseen);
  }
  const host = await startVmHost(machine, id, options);
  await orderVmHost(host);
  return host;
}

/** The one line the VM host writes on its fd 3; throws when it ends, or time runs out, before that. */
async function readyLine(host: VmHostProcess, { timeoutMs = READY_MS, signal }: LaunchOptions): Promise<string> {
  const line = firstLine(host.child.stdio[3] as Readable).then((text) => text ?? host.ended.then(endedEarly));
  let timer: NodeJS.Timeout | undefined;
  let abort = (): void => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    const late = new Failure('failed', 'start-timeout', `the guest did not start within ${timeoutMs / 1000} s`);
    timer = setTimeout(() => reject(late), timeoutMs);
    abort = () => reject(new Failure('failed', 'start-cancelled', 'the start was cancelled'));
    signal?.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([line, givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    line.catch(() => undefined);
  }
}

/** The first line of a stream; undefined when it ends before one is complete. */
async function firstLine(stream: Readable): Promise<string | undefined> {
  stream.setEncoding('utf8');
  let text = '';
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    text += chunk as string;
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
    if (text.length > READY_LINE_MAX) throw strange('a line without an end');
  }
  return undefined;
}

/** The VM host ended before it said how it went. */
class EndedEarly extends Error {
  constructor(private readonly how: VmHostEnd) {
    super('VM host ended');
  }

  failure(said: string | undefined): Failure {
    const how = this.how.signal ?? `exit status ${this.how.status}`;
    const message = `its VM host ended before the guest ran (${how})${said === undefined ? '' : `: ${said}`}`;
    return new Failure('failed', 'vm-host-ended', message, { hint: 'more may be in its log, logs/host.log' });
  }
}

function endedEarly(how: VmHostEnd): never {
  throw new EndedEarly(how);
}

function parseVerdict(line: string): { ready?: Launched; failure?: FailureRecord } {
  try {
    const parsed = verdict.parse(JSON.parse(line));
    return 'ready' in parsed ? { ready: parsed.ready } : { failure: parsed.failure as FailureRecord };
  } catch {
    throw strange(JSON.stringify(line.slice(0, 120)));
  }
}

function strange(what: string): Failure {
  return new Failure('failed', 'vm-host-strange', `its VM host said something else than how it went: ${what}`);
}

/** What a log says, since it had `from` bytes, about why its process ended. One that is shorter now was begun anew. */
function lastLine(path: string, from: number): string | undefined {
  const log = readFileSync(path);
  const lines = log
    .subarray(from > log.length ? 0 : from)
    .toString('utf8')
    .trim()
    .split('\n');
  const telling = lines.find((line) => /^\w*Error\b.*: /.test(line.trim())) ?? lines.at(-1);
  return telling?.trim().slice(0, 300) || undefined;
}

/** Sees the VM host to its end, which it is given `graceMs` for; kills everything in its session after that. */
async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = (): void => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // ESRCH: it is gone already, which is what is wanted.
    }
  };
  const timer = setTimeout(kill, graceMs);
  await exited;
  clearTimeout(timer);
}
