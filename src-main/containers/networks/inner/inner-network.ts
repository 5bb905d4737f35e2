import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { builtProgram } from '../../../base/built-program.ts';
import type { Disposable } from '../../../base/disposable.ts';
import { asFailure, Failure, reviveFailure } from '../../../base/failure.ts';
import { isMountPoint, unmountLazily } from '../../../linux/classic-mount.ts';
import { boundSocket } from '../../../linux/inet-socket.ts';
import { SystemCallFailure } from '../../../linux/libc.ts';
import { pastaPid, startPasta, stopPasta } from '../pasta.ts';
import type { FromInner, InnerCall, InnerResult, ToInner } from './messages.ts';

interface Waiting {
  done(result: InnerResult): void;
  failed(error: unknown): void;
}

/**
 * A network namespace of this user, in which the bridges of its containers are as root's are in the host's. It lies
 * mounted in the engine's mount namespace, so that it outlives an engine; pasta leads out of it. A thread of the engine
 * lives in there, because who has entered it cannot come back: the host's belongs to a user namespace further out.
 */
export class InnerNetwork implements Disposable {
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;
  private over: Failure | undefined;

  private constructor(
    private readonly paths: InnerPaths,
    private readonly worker: Worker,
  ) {
    worker.on('message', (message: FromInner) => this.heard(message));
    worker.on('error', (error) => this.ended(asFailure(error).message));
    worker.on('exit', () => this.ended('it ended'));
  }

  /** @param running a folder for what is there while containers run */
  static async open(networks: string, running: string): Promise<InnerNetwork> {
    const paths = innerPaths(running);
    mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
    if (!existsSync(paths.namespace)) writeFileSync(paths.namespace, '', { mode: 0o600 });
    if (!isMountPoint(paths.namespace)) stopPasta(paths.pasta);
    const inner = new InnerNetwork(
      paths,
      new Worker(builtProgram('network-worker.js'), { env: SHARE_ENV, trackUnmanagedFds: false }),
    );
    try {
      const assignment = { namespace: paths.namespace, networks, running: paths.sandboxes };
      await inner.settled(0, { kind: 'start', assignment });
      if (pastaPid(paths.pasta) === undefined) {
        await startPasta({ namespace: paths.namespace, pidFile: paths.pasta, publications: [] });
      }
      return inner;
    } catch (error) {
      await inner.close();
      throw error;
    }
  }

  /** Takes away what an engine has left that was killed, when none of its containers runs any more. */
  static clear(running: string): void {
    const paths = innerPaths(running);
    stopPasta(paths.pasta);
    if (existsSync(paths.namespace) && isMountPoint(paths.namespace)) unmountLazily(paths.namespace);
    rmSync(paths.folder, { recursive: true, force: true });
  }

  call(call: InnerCall): Promise<InnerResult> {
    const number = ++this.last;
    return this.settled(number, { kind: 'call', number, call });
  }

  /** The namespace goes with everything in it. */
  async close(): Promise<void> {
    await this.worker.terminate();
    InnerNetwork.clear(dirname(this.paths.folder));
  }

  /** Lets go of it; containers that run keep it. */
  dispose(): void {
    void this.worker.terminate();
  }

  private settled(number: number, message: ToInner): Promise<InnerResult> {
    if (this.over !== undefined) return Promise.reject(this.over);
    return new Promise((done, failed) => {
      this.waiting.set(number, { done, failed });
      this.worker.postMessage(message);
    });
  }

  private heard(message: FromInner): void {
    if (message.kind === 'bind') {
      this.bind(message);
      return;
    }
    const number = message.kind === 'ready' ? 0 : (message.number ?? 0);
    const asker = this.waiting.get(number);
    this.waiting.delete(number);
    if (message.kind === 'failed') asker?.failed(reviveFailure(message.failure));
    else asker?.done(message.kind === 'done' ? message.result : new Map());
  }

  private bind({ number, type, address, port }: Extract<FromInner, { kind: 'bind' }>): void {
    const answer = (message: ToInner): void => this.worker.postMessage(message);
    try {
      answer({ kind: 'bound', number, fd: boundSocket(type, address, port) });
    } catch (error) {
      const errno = error instanceof SystemCallFailure ? error.errnoName : 'EIO';
      answer({ kind: 'not-bound', number, errno, message: (error as Error).message });
    }
  }

  private ended(why: string): void {
    this.over ??= new Failure('failed', 'network-thread-ended', `networks: the thread that keeps them: ${why}`, {
      hint: '`bulkhead engine stop`, and start it again: containers run on meanwhile',
    });
    for (const { failed } of this.waiting.values()) failed(this.over);
    this.waiting.clear();
  }
}

interface InnerPaths {
  readonly folder: string;
  /** Where the namespace is mounted. */
  readonly namespace: string;
  readonly pasta: string;
  readonly sandboxes: string;
}

function innerPaths(running: string): InnerPaths {
  const folder = join(running, 'inner');
  return {
    folder,
    namespace: join(folder, 'namespace'),
    pasta: join(folder, 'pasta.pid'),
    sandboxes: join(folder, 'sandboxes'),
  };
}
