import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readlinkSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import { builtProgram } from '../../../base/built-program.ts';
import { Failure, reviveFailure } from '../../../base/failure.ts';
import { unmountLazily } from '../../../linux/classic-mount.ts';
import { openPipe } from '../../../linux/exec.ts';
import { O } from '../../../linux/fd.ts';
import { InRoot } from '../../../linux/in-root.ts';
import { SystemCallFailure } from '../../../linux/libc.ts';
import { attachMount, cloneTree, MOUNT_ATTR, setMountAttributes, setPropagation } from '../../../linux/mount.ts';
import { CLONE, enterNamespace, unshare } from '../../../linux/namespaces.ts';
import { isHungUp } from '../../../linux/poll.ts';
import type { InitOrder, InitReport } from '../init/order.ts';
import type { Exit } from '../runtime.ts';

export interface InitRequest {
  /** The descriptors that become its standard streams, and those handed on after them. */
  readonly streams: readonly [number, number, number];
  readonly extra?: readonly number[];
  /** A PID namespace of its own, that at a path, or this process's. */
  readonly pidNamespace: 'new' | 'same' | { readonly path: string };
  /** Mount points of this namespace that it is not to keep mounted by having a copy. */
  readonly leaves?: readonly string[];
  /** It will wait for its order. */
  readonly ahead?: boolean;
  /** The path of a time namespace to be born in: a process with threads cannot enter one (time_namespaces(7)). */
  readonly timeNamespace?: string | undefined;
}

type Awaited = { report: InitReport } | { ended: string };

/** A container's init that has been started: takes one order, and reports how far it is. */
export class SpawnedInit {
  /** How it ended, or the program it became: told of whenever it is asked for, also of one that was gone at once. */
  readonly ended: Promise<Omit<Exit, 'oomKilled'>>;
  private readonly pending: Awaited[] = [];
  private wake: (() => void) | undefined;
  private ownPid: number | undefined;
  private released = false;
  private text = '';

  /** @param ahead whether it was started before there was anything to start it for */
  constructor(
    readonly child: ChildProcess,
    private readonly orders: number,
    reports: number,
    readonly ahead: boolean,
  ) {
    const socket = new Socket({ fd: reports, readable: true, writable: false });
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const lines = (this.text + chunk).split('\n');
      this.text = lines.pop()!;
      for (const line of lines) this.push({ report: JSON.parse(line) as InitReport });
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.push({ ended: 'its init ended without a word' }));
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        const status = signal === null ? (code ?? 255) : 128 + constants.signals[signal];
        resolve({ code: status, signal, at: new Date().toISOString() });
      });
    });
    child.on('error', (error) => this.push({ ended: `its init cannot be started: ${error.message}` }));
  }

  /** Its own, once it is awake: in a user namespace `child` may be a program that waits for it. */
  get pid(): number {
    return this.ownPid ?? this.child.pid ?? 0;
  }

  /** Whether it is there to take an order: not once it has ended, be its end known yet or not. */
  get listens(): boolean {
    return !this.released && !isHungUp(this.orders);
  }

  order(order: InitOrder): void {
    this.say(JSON.stringify(order));
  }

  /** Lets an init that waits go on. */
  goOn(): void {
    this.say('');
  }

  /** The next report; throws what went wrong in there. */
  async next(): Promise<Exclude<InitReport, { failure: unknown }>> {
    while (this.pending.length === 0) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    const next = this.pending.shift()!;
    if ('ended' in next) throw new Failure('failed', 'init-ended', next.ended);
    if ('failure' in next.report) throw reviveFailure(next.report.failure);
    if (next.report.at === 'awake') this.ownPid = next.report.pid;
    return next.report;
  }

  /** Settles when its reports end: the program is executed, or it is gone. Throws what it says before that. */
  async executed(): Promise<void> {
    await this.next().then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof Failure) || error.code !== 'init-ended') throw error;
      },
    );
  }

  /** Ends it, and whoever waits for it. */
  kill(): void {
    this.release();
    this.child.kill('SIGKILL');
    try {
      if (this.ownPid !== undefined) process.kill(this.ownPid, 'SIGKILL');
    } catch {
      // ESRCH: it has ended.
    }
  }

  /** It has all the orders it gets. */
  release(): void {
    if (this.released) return;
    this.released = true;
    closeSync(this.orders);
  }

  private say(line: string): void {
    writeSync(this.orders, `${line}\n`);
  }

  private push(what: Awaited): void {
    this.pending.push(what);
    this.wake?.();
  }
}

/**
 * Starts an init in namespaces this thread enters for that moment: libuv forks in the calling thread, so the child is
 * born in them. Its own executable is on a mount of its own that is read-only, and out of the container's reach, so
 * that `/proc/self/exe` is no way to overwrite it (CVE-2019-5736).
 */
export function spawnInit({
  streams,
  extra = [],
  pidNamespace,
  leaves = [],
  ahead = false,
  timeNamespace,
}: InitRequest): SpawnedInit {
  const orders = openPipe();
  const reports = openPipe();
  const home = {
    mount: openSync('/proc/self/ns/mnt', 'r'),
    pid: openSync('/proc/self/ns/pid', 'r'),
    cwd: process.cwd(),
  };
  try {
    const direct = pidNamespace === 'same' || mayReturnTo(home.pid);
    unshare(CLONE.NEWNS | (pidNamespace === 'new' && direct ? CLONE.NEWPID : 0));
    let child: ChildProcess;
    try {
      if (typeof pidNamespace === 'object' && direct) enterPidNamespace(pidNamespace.path);
      protectExecutable();
      for (const point of leaves) unmountLazily(point);
      const runtime = process.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' };
      const [program = '', ...args] = [
        ...(timeNamespace === undefined ? [] : ['nsenter', `--time=${timeNamespace}`, '--']),
        ...(direct ? [] : starter(pidNamespace)),
        process.execPath,
        ...INIT_FLAGS,
      ];
      child = spawn(program, [...args, builtProgram('container-init.js')], {
        stdio: [...streams, orders.read, reports.write, ...extra],
        cwd: '/',
        env: { PATH: process.env.PATH ?? '', ...runtime },
        // A group of its own: ^C in the terminal of whoever started it is not meant for it.
        detached: true,
      });
    } finally {
      if (pidNamespace !== 'same' && direct) enterNamespace(home.pid, CLONE.NEWPID, 'own PID namespace');
      enterNamespace(home.mount, CLONE.NEWNS, 'own mount namespace');
      process.chdir(home.cwd);
    }
    return new SpawnedInit(child, orders.write, reports.read, ahead);
  } finally {
    for (const fd of [orders.read, reports.write, home.mount, home.pid]) closeSync(fd);
  }
}

/** Whether this thread may come back to its own PID namespace: not from a user namespace that is above (setns(2)). */
function mayReturnTo(pidNamespace: number): boolean {
  try {
    enterNamespace(pidNamespace, CLONE.NEWPID, 'own PID namespace');
    return true;
  } catch (error) {
    if (error instanceof SystemCallFailure && error.errnoName === 'EPERM') return false;
    throw error;
  }
}

/**
 * A program that enters a PID namespace in this thread's place; then it is a shell whose child is born in there, and
 * which ends with that one's exit status, without a word of its own. (unshare's own waiting takes a signal for status 1.)
 */
function starter(pidNamespace: InitRequest['pidNamespace']): string[] {
  const enter =
    typeof pidNamespace === 'object' ? ['nsenter', `--pid=${pidNamespace.path}`, '--no-fork'] : ['unshare', '--pid'];
  return [...enter, '--', '/bin/sh', '-c', WAIT_FOR_CHILD, 'sh'];
}

/** The child gets all descriptors, and the shell keeps none: what is read at their other ends is to end with the child. */
const WAIT_FOR_CHILD =
  'exec 8<&0 9>&2 2>/dev/null; (exec "$@" <&8 2>&9 8<&- 9>&-) & ' +
  'exec <&- >&- 3<&- 4>&- 5<&- 6<&- 7<&- 8<&- 9>&-; wait $!; exit $?';

/** V8 needs no optimising compiler for a program of a few milliseconds. */
const INIT_FLAGS = ['--no-opt', '--max-lazy'] as const;

function enterPidNamespace(path: string): void {
  const fd = openSync(path, 'r');
  try {
    enterNamespace(fd, CLONE.NEWPID, path);
  } finally {
    closeSync(fd);
  }
}

function protectExecutable(): void {
  setPropagation('/', 'slave', true);
  const path = readlinkSync('/proc/self/exe');
  const tree = cloneTree(path, false);
  const target = InRoot.open('/');
  try {
    setMountAttributes(tree, { set: MOUNT_ATTR.RDONLY }, path);
    const file = target.find(path, O.PATH);
    attachMount(tree, file, path);
    closeSync(file);
  } finally {
    closeSync(tree);
    target.dispose();
  }
}
