import { asFailure, Failure } from '../../base/failure.ts';
import type { Exec, IoRequest, TerminalSize } from '../runtime/runtime.ts';
import type { Container } from './container.ts';
import { ContainerStreams } from './container-streams.ts';
import type { EngineShared } from './engine-shared.ts';
import { type ExecWish, execProcess } from './exec-process.ts';
import { newId } from './names.ts';
import { exitCodeOf, startFailure } from './start-failure.ts';

export interface ExecRequest extends ExecWish {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly detachKeys: string;
}

/** One additional process: asked for, then started, then over. Docker API 1.47 Exec. */
export class ExecSession {
  readonly id = newId();
  readonly streams = new ContainerStreams();
  exitCode: number | null = null;
  running = false;
  private exec: Exec | undefined;
  private size: TerminalSize | undefined;

  constructor(
    readonly container: Container,
    readonly request: ExecRequest,
    private readonly shared: EngineShared,
  ) {}

  get pid(): number {
    return this.exec?.pid ?? 0;
  }

  /** Returns once it runs; `over` settles when it has ended and been heard. */
  async start(size?: TerminalSize): Promise<{ over: Promise<void> }> {
    if (this.exec !== undefined || this.running) {
      throw new Failure('state', 'exec-started', `Error: Exec command ${this.id} is already running`);
    }
    this.container.requireRunning();
    this.running = true;
    const { request, shared, container } = this;
    container.fire(`exec_start: ${request.args.join(' ')}`, { execID: this.id });
    try {
      const process = execProcess(container, shared, request);
      this.exec = await shared.runtime.exec(container.id, process, this.io(size ?? this.size));
    } catch (error) {
      this.running = false;
      const failure = startFailure(asFailure(error));
      this.exitCode = exitCodeOf(failure);
      throw failure;
    }
    this.streams.join(this.exec.io);
    return { over: this.seeOut(this.exec) };
  }

  async resize(size: TerminalSize): Promise<void> {
    this.size = size;
    await this.exec?.resize(size);
  }

  private io(size: TerminalSize | undefined): IoRequest {
    const { tty, stdin } = this.request;
    if (!tty) return { kind: 'pipes', stdin };
    return size === undefined ? { kind: 'terminal' } : { kind: 'terminal', size };
  }

  private async seeOut(exec: Exec): Promise<void> {
    const { code } = await exec.wait();
    await this.streams.drained();
    this.exitCode = code;
    this.running = false;
    this.container.fire('exec_die', { execID: this.id, exitCode: `${code}` });
    this.streams.renew();
  }
}

/** Ended execs somebody may still ask about. */
const KEPT = 2000;

/** The execs of one engine. They are not kept over its restart. */
export class ExecSessions {
  private readonly sessions = new Map<string, ExecSession>();

  constructor(private readonly shared: EngineShared) {}

  create(container: Container, request: ExecRequest): ExecSession {
    container.requireRunning();
    if (request.args.length === 0) throw new Failure('usage', 'no-command', 'No exec command specified');
    const session = new ExecSession(container, request, this.shared);
    this.sessions.set(session.id, session);
    container.execIds.add(session.id);
    container.fire(`exec_create: ${request.args.join(' ')}`, { execID: session.id });
    this.forgetOld();
    return session;
  }

  get(id: string): ExecSession {
    const session = this.sessions.get(id);
    if (session !== undefined) return session;
    throw new Failure('not-found', 'no-such-exec', `No such exec instance: ${id}`);
  }

  forget(container: Container): void {
    for (const id of container.execIds) this.sessions.delete(id);
  }

  private forgetOld(): void {
    for (const session of this.sessions.values()) {
      if (this.sessions.size <= KEPT) return;
      if (session.running) continue;
      this.sessions.delete(session.id);
      session.container.execIds.delete(session.id);
    }
  }
}
