import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { builtProgram } from '../../../base/built-program.ts';
import { Failure, reviveFailure } from '../../../base/failure.ts';
import { eachLine } from './lines.ts';
import { KEEPER_SOCKET, type KeeperAnswer, type KeeperCall } from './protocol.ts';

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The way to a state folder's keeper, which is started when there is none. */
export class KeeperClient {
  private connection: Promise<Socket> | undefined;
  private readonly pending = new Map<number, Pending>();
  private last = 0;

  constructor(private readonly root: string) {}

  async ask<T>(call: KeeperCall): Promise<T> {
    this.connection ??= this.meet();
    const socket = await this.connection;
    const number = ++this.last;
    return new Promise<T>((resolve, reject) => {
      this.pending.set(number, { resolve: resolve as (result: unknown) => void, reject });
      socket.write(`${JSON.stringify({ ...call, number })}\n`);
    });
  }

  /** The same of a keeper that is there already; undefined where none is. */
  async askIfThere<T>(call: KeeperCall): Promise<T | undefined> {
    if (this.connection === undefined) {
      const socket = await tryConnect(join(this.root, KEEPER_SOCKET));
      if (socket === undefined) return undefined;
      this.connection = Promise.resolve(this.own(socket));
    }
    return this.ask(call);
  }

  async dispose(): Promise<void> {
    const socket = await this.connection?.catch(() => undefined);
    socket?.destroy();
  }

  private async meet(): Promise<Socket> {
    const path = join(this.root, KEEPER_SOCKET);
    const there = await tryConnect(path);
    if (there) return this.own(there);
    await startKeeper(this.root);
    const socket = await tryConnect(path);
    if (socket) return this.own(socket);
    throw new Failure('failed', 'no-keeper', `${this.root}: its keeper does not answer`);
  }

  private own(socket: Socket): Socket {
    eachLine(socket, (line) => {
      const { number, result, failure } = JSON.parse(line) as KeeperAnswer;
      const waiting = this.pending.get(number);
      this.pending.delete(number);
      if (failure) waiting?.reject(reviveFailure(failure));
      else waiting?.resolve(result);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.connection = undefined;
      for (const { reject } of this.pending.values()) {
        reject(new Failure('failed', 'keeper-lost', `${this.root}: the keeper of its containers has ended`));
      }
      this.pending.clear();
    });
    return socket;
  }
}

function tryConnect(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** Starts a keeper that outlives us; settles once it listens, or somebody else's does. */
async function startKeeper(root: string): Promise<void> {
  mkdirSync(root, { recursive: true, mode: 0o711 });
  const runtime = process.versions.electron === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' };
  const child = spawn(process.execPath, [builtProgram('container-keeper.js'), root], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: { ...process.env, ...runtime },
  });
  child.unref();
  const pipe = child.stdio[3]!;
  await new Promise<void>((resolve, reject) => {
    pipe.once('data', () => resolve());
    pipe.once('close', () => reject(new Failure('failed', 'no-keeper', `${root}: its keeper cannot be started`)));
    child.once('error', reject);
  });
  pipe.destroy();
}
