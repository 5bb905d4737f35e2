import { type ChildProcess, spawn } from 'node:child_process';
import os from 'node:os';
import { Failure } from '../../../src-main/base/failure.ts';
import type { ContainerStats } from '../../../src-main/containers/cgroups/stats.ts';
import type {
  ContainerState,
  CreateRequest,
  Exec,
  Exit,
  IoRequest,
  ProcessIo,
  Runtime,
} from '../../../src-main/containers/runtime/runtime.ts';
import type { ProcessInput } from '../../../src-main/containers/runtime/spec/config.ts';

interface Running {
  readonly request: CreateRequest;
  child: ChildProcess | undefined;
  io: ProcessIo;
  exit: Promise<Exit>;
  ended: Exit | null;
  paused: boolean;
}

/** The other side of the engine: containers that are plain processes of this host, without any isolation. */
export class ProcessRuntime implements Runtime {
  readonly created: CreateRequest[] = [];
  readonly updates: unknown[] = [];
  private readonly all = new Map<string, Running>();

  async create(request: CreateRequest) {
    this.created.push(request);
    const args = request.spec.process?.args ?? [];
    const started = launch(request.spec.process!, request.io, true);
    await started.spawned.catch((error: NodeJS.ErrnoException) => {
      throw new Failure('host', 'errno', `exec ${args[0]}: ${error.code}`, { facts: { errno: error.code ?? '' } });
    });
    const running: Running = { request, ...started, ended: null, paused: false };
    void running.exit.then((exit) => {
      running.ended = exit;
    });
    this.all.set(request.id, running);
    return { id: request.id, pid: started.child.pid ?? 0, io: started.io };
  }

  async start(id: string): Promise<void> {
    this.get(id).child?.kill('SIGCONT');
  }

  async accompany(): Promise<void> {}

  async kill(id: string, signal: number): Promise<void> {
    this.get(id).child?.kill(signal);
    if (signal === 9) this.get(id).child?.kill('SIGCONT');
  }

  async delete(id: string, options?: { force?: boolean }): Promise<void> {
    const running = this.all.get(id);
    if (running === undefined) {
      if (options?.force) return;
      throw new Failure('not-found', 'no-such-container', id);
    }
    running.child?.kill('SIGKILL');
    await running.exit;
    this.all.delete(id);
  }

  async exec(_id: string, process: ProcessInput, io: IoRequest): Promise<Exec> {
    const { child, io: ends, exit, spawned } = launch(process, io, false);
    await spawned.catch((error: NodeJS.ErrnoException) => {
      throw new Failure('host', 'errno', `exec ${process.args[0]}: ${error.code}`, {
        facts: { errno: error.code ?? '' },
      });
    });
    return {
      pid: child.pid ?? 0,
      io: ends,
      resize: async () => undefined,
      kill: (signal) => child.kill(signal),
      wait: () => exit,
    };
  }

  async pause(id: string): Promise<void> {
    this.get(id).paused = true;
    this.get(id).child?.kill('SIGSTOP');
  }

  async resume(id: string): Promise<void> {
    this.get(id).paused = false;
    this.get(id).child?.kill('SIGCONT');
  }

  async update(_id: string, resources: unknown): Promise<void> {
    this.updates.push(resources);
  }

  async state(id: string): Promise<ContainerState> {
    const { request, child, ended, paused } = this.get(id);
    return {
      id,
      status: ended ? 'stopped' : paused ? 'paused' : 'running',
      pid: ended ? 0 : (child?.pid ?? 0),
      bundle: request.bundle,
      createdAt: '',
      startedAt: '',
      exit: ended,
      annotations: {},
    };
  }

  async list(): Promise<ContainerState[]> {
    return Promise.all([...this.all.keys()].map((id) => this.state(id)));
  }

  async sweep(isKnown: (id: string) => boolean): Promise<void> {
    for (const id of this.all.keys()) if (!isKnown(id)) await this.delete(id);
  }

  async stats(): Promise<ContainerStats> {
    return {
      cpu: { total: 5e6, user: 3e6, system: 2e6, perCpu: null, periods: 0, throttledPeriods: 0, throttledTime: 0 },
      memory: { usage: 1 << 20, maxUsage: null, limit: null, swapUsage: null, failures: 0, oomKills: 0, stat: {} },
      pids: { current: 1, limit: null },
      io: [],
      pressure: { cpu: null, memory: null, io: null },
    };
  }

  async processes(id: string): Promise<number[]> {
    return [this.get(id).child?.pid ?? 0];
  }

  wait(id: string): Promise<Exit> {
    return this.get(id).exit;
  }

  async attach(id: string): Promise<ProcessIo> {
    return this.get(id).io;
  }

  async resize(): Promise<void> {
    return undefined;
  }

  private get(id: string): Running {
    const running = this.all.get(id);
    if (running !== undefined) return running;
    throw new Failure('not-found', 'no-such-container', id);
  }
}

/** script(1) gives a program a terminal of its own and passes on what goes in and comes out of it. */
function onTerminal(args: readonly string[]): string[] {
  const quoted = args.map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(' ');
  return ['script', '--quiet', '--return', '--command', `exec ${quoted}`, '/dev/null'];
}

function launch(process: ProcessInput, io: IoRequest, held: boolean) {
  const [program = '', ...args] = io.kind === 'terminal' ? onTerminal(process.args) : process.args;
  const env = Object.fromEntries((process.env ?? []).map((variable) => variable.split(/=(.*)/s).slice(0, 2)));
  const stdio = io.kind === 'null' ? 'ignore' : 'pipe';
  const child = spawn(program, args, { env, stdio, cwd: '/' });
  const spawned = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  // Made, not yet started: as near as a plain process comes to it.
  if (held) child.once('spawn', () => child.kill('SIGSTOP'));
  if (io.kind === 'pipes' && !io.stdin) child.stdin?.end();
  const ends: ProcessIo =
    io.kind === 'null' || !child.stdin || !child.stdout || !child.stderr
      ? { kind: 'null' }
      : io.kind === 'terminal'
        ? { kind: 'terminal', input: child.stdin, output: child.stdout }
        : { kind: 'pipes', stdin: io.stdin ? child.stdin : null, stdout: child.stdout, stderr: child.stderr };
  const exit = new Promise<Exit>((resolve) => {
    child.once('error', () => resolve({ code: 127, signal: null, oomKilled: false, at: new Date().toISOString() }));
    child.once('exit', (code, signal) => {
      const number = signal === null ? 0 : os.constants.signals[signal];
      resolve({ code: code ?? 128 + number, signal, oomKilled: false, at: new Date().toISOString() });
    });
  });
  return { child, io: ends, exit, spawned };
}
