import { createConnection, type Socket } from 'node:net';
import type { Disposable } from '../../base/disposable.ts';
import { Emitter } from '../../base/emitter.ts';
import { Failure } from '../../base/failure.ts';

/** An event as the QMP server sends it (QEMU docs/interop/qmp-spec.rst §2.5 "Asynchronous events"). */
export interface QmpEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** A server's line may not grow beyond this; what a machine answers has a few KiB. */
const LINE_MAX = 1 << 20;
const CONNECT_MS = 3000;
const ANSWER_MS = 10_000;

interface Pending {
  readonly command: string;
  readonly timer: NodeJS.Timeout;
  resolve(value: unknown): void;
  reject(failure: Failure): void;
}

/**
 * One connection to a machine's QMP socket, past its greeting. Fails with `qmp-gone` (nobody listens, or no longer),
 * `qmp-silent` (no answer in time) or `qmp-garbage` (not QMP); a refused command with `qmp-refused`.
 */
export class QmpClient implements Disposable {
  private readonly pending = new Map<number, Pending>();
  private readonly events = new Emitter<QmpEvent>();
  private readonly closed = new Emitter<Failure>();
  private received = '';
  private nextId = 1;
  private end: Failure | undefined;
  private onGreeting: ((end: Failure | undefined) => void) | undefined;

  private constructor(
    private readonly path: string,
    private readonly socket: Socket,
  ) {
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.receive(text));
    socket.on('error', (error) => this.close(gone(path, error)));
    socket.on('close', () => this.close(gone(path)));
  }

  /** Connects, reads the greeting and negotiates capabilities. */
  static async connect(path: string, timeoutMs = CONNECT_MS): Promise<QmpClient> {
    const client = new QmpClient(path, createConnection(path));
    try {
      await client.greeting(timeoutMs);
      await client.execute('qmp_capabilities', undefined, timeoutMs);
      return client;
    } catch (error) {
      client.dispose();
      throw error;
    }
  }

  /** Runs a command; its return value. Answers may come in any order. */
  execute(command: string, args?: Record<string, unknown>, timeoutMs = ANSWER_MS): Promise<unknown> {
    if (this.end) return Promise.reject(this.end);
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.settle(id)?.reject(silent(this.path, command, timeoutMs)), timeoutMs);
      this.pending.set(id, { command, timer, resolve, reject });
      this.socket.write(`${JSON.stringify({ execute: command, ...(args ? { arguments: args } : {}), id })}\r\n`);
    });
  }

  onEvent(listener: (event: QmpEvent) => void): Disposable {
    return this.events.on(listener);
  }

  /** Fires once, when either side closes; at once when that was before. */
  onClose(listener: (why: Failure) => void): Disposable {
    if (this.end) {
      listener(this.end);
      return { dispose: () => undefined };
    }
    return this.closed.on(listener);
  }

  dispose(): void {
    this.close(new Failure('failed', 'qmp-closed', `${this.path}: the connection was closed`));
  }

  private greeting(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.close(silent(this.path, 'greeting', timeoutMs)), timeoutMs);
      this.onGreeting = (end) => {
        clearTimeout(timer);
        this.onGreeting = undefined;
        if (end) reject(end);
        else resolve();
      };
      if (this.end) this.onGreeting(this.end);
    });
  }

  private receive(text: string): void {
    this.received += text;
    for (;;) {
      const end = this.received.indexOf('\n');
      if (end < 0) break;
      const line = this.received.slice(0, end).trim();
      this.received = this.received.slice(end + 1);
      if (line !== '') this.take(line);
      if (this.end) return;
    }
    if (this.received.length > LINE_MAX) this.close(garbage(this.path, `a line of more than ${LINE_MAX} characters`));
  }

  private take(line: string): void {
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      message = undefined;
    }
    if (typeof message !== 'object' || message === null)
      this.close(garbage(this.path, 'a line that is no JSON object'));
    else if ('QMP' in message) this.onGreeting?.(undefined);
    else if ('event' in message) this.takeEvent(message as { event: unknown; data?: unknown });
    else this.takeAnswer(message as Answer);
  }

  private takeEvent({ event, data }: { event: unknown; data?: unknown }): void {
    if (typeof event !== 'string') return;
    this.events.fire({ event, data: typeof data === 'object' && data !== null ? { ...data } : {} });
  }

  private takeAnswer(answer: Answer): void {
    const asked = typeof answer.id === 'number' ? this.settle(answer.id) : undefined;
    if (!asked) return;
    if (answer.error === undefined) asked.resolve(answer.return);
    else asked.reject(refused(asked.command, answer.error));
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    if (!pending) return undefined;
    clearTimeout(pending.timer);
    this.pending.delete(id);
    return pending;
  }

  private close(why: Failure): void {
    if (this.end) return;
    this.end = why;
    this.socket.destroy();
    this.onGreeting?.(why);
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(why);
    this.closed.fire(why);
  }
}

interface Answer {
  readonly id?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class?: unknown; readonly desc?: unknown };
}

function gone(path: string, cause?: Error): Failure {
  return new Failure('state', 'qmp-gone', `${path}: the machine does not run (any more)`, { cause });
}

function silent(path: string, what: string, timeoutMs: number): Failure {
  return new Failure('failed', 'qmp-silent', `${path}: no answer to ${what} within ${timeoutMs / 1000} s`);
}

function garbage(path: string, what: string): Failure {
  return new Failure('failed', 'qmp-garbage', `${path}: what answers does not speak QMP: ${what}`);
}

function refused(command: string, error: { class?: unknown; desc?: unknown }): Failure {
  const wrongState = error.class === 'DeviceNotActive';
  const why = typeof error.desc === 'string' ? error.desc : 'refused';
  return new Failure(wrongState ? 'state' : 'failed', 'qmp-refused', `${command}: ${why.replace(/\s+/g, ' ')}`);
}
