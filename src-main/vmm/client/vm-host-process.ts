import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { builtProgram } from '../../base/built-program.ts';
import { Failure } from '../../base/failure.ts';
import { STARTED_AHEAD } from '../../base/starter.ts';
import { writeFailure } from '../../inventory/atomic-file.ts';
import type { MachinePaths } from '../../inventory/paths.ts';

/**
 * A VM host that gets ready to run machine `id` and touches nothing of it before it is ordered to. It outlives its
 * starter from then on; a starter that ends, or lets it go, without an order ends it.
 */
export interface VmHostProcess {
  readonly id: string;
  readonly child: ChildProcess;
  /** How long its log was before. */
  readonly logged: number;
  /** How it ended, once it has. */
  readonly ended: Promise<VmHostEnd>;
}

export interface VmHostEnd {
  readonly status: number | null;
  readonly signal: string | null;
}

export interface VmHostOptions {
  /** The VM host's program, for tests. */
  readonly script?: string;
  /** The Node that runs it: this process's own, unless a test knows a quicker one. */
  readonly node?: string;
  /** What the VM host is to see of the environment. */
  readonly env?: NodeJS.ProcessEnv;
}

export async function startVmHost(paths: MachinePaths, id: string, options: VmHostOptions): Promise<VmHostProcess> {
  const electron = process.versions.electron !== undefined;
  // Electron leaves pipes and sockets of its own inheritable, which a VM host would hold open when the app is gone.
  if (electron) (await import('../../linux/close-on-exec.ts')).keepDescriptorsFromChildren();
  const script = options.script ?? builtProgram('vm-host.js');
  const log = openHostLog(paths);
  try {
    const logged = fstatSync(log).size;
    const stdio: StdioOptions = ['ignore', log, log, 'pipe', 'pipe'];
    const child = spawn(options.node ?? process.execPath, [script, id, STARTED_AHEAD], {
      cwd: '/',
      detached: true,
      env: { ...(options.env ?? process.env), ...(electron && { ELECTRON_RUN_AS_NODE: '1' }) },
      stdio,
    });
    const ended = new Promise<VmHostEnd>((resolve) => {
      child.once('exit', (status, signal) => resolve({ status, signal }));
    });
    if (child.pid === undefined) throw notStarted(await once(child, 'error'));
    child.on('error', () => undefined);
    // EPIPE: it ended before the order came, which `orderVmHost` and its end tell better.
    orders(child).on('error', () => undefined);
    return { id, child, logged, ended };
  } finally {
    closeSync(log);
  }
}

function notStarted([error]: Error[]): Failure {
  return new Failure('host', 'vm-host-not-started', `its VM host cannot be started: ${error?.message}`);
}

/** Gives the order to run the machine; false when it has ended before, be its end known yet or not. */
export function orderVmHost({ child }: VmHostProcess): Promise<boolean> {
  return new Promise((resolve) => {
    const order = `${performance.timeOrigin + performance.now()}\n`;
    orders(child).write(order, (error) => resolve(!error));
    orders(child).end();
  });
}

/** Lets one go that is not needed. */
export function dismissVmHost({ child }: VmHostProcess): void {
  orders(child).end();
  child.unref();
}

function orders(child: ChildProcess): Writable {
  return child.stdio[4] as Writable;
}

/** Not where the machine's folder has gone meanwhile: nothing brings that back. */
function openHostLog(paths: MachinePaths): number {
  try {
    if (!existsSync(paths.logs)) mkdirSync(paths.logs, { mode: 0o700 });
    return openSync(paths.hostLog, 'a', 0o600);
  } catch (error) {
    throw writeFailure(paths.hostLog, error);
  }
}
