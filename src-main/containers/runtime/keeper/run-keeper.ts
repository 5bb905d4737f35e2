import { ftruncateSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { asFailure, Failure } from '../../../base/failure.ts';
import { log } from '../../../base/log.ts';
import { listenPrivately } from '../../../base/private-socket.ts';
import { tryLockFile } from '../../../linux/file-lock.ts';
import { processStart } from '../../../linux/process-stat.ts';
import { ContainerFolder } from '../container-folder.ts';
import type { Belated } from '../init/order.ts';
import { createContainer, pidNamespaceOf, rootfsOf, timeNamespaceOf } from '../launch/create-container.ts';
import { execProcess } from '../launch/exec-process.ts';
import { type SpawnedInit, spawnInit } from '../launch/spawn-init.ts';
import { ContainerOperations } from '../operations.ts';
import type { Exit, TerminalSize } from '../runtime.ts';
import { KeptStreams } from './kept-process.ts';
import { eachLine } from './lines.ts';
import { KEEPER_LOCK, KEEPER_SOCKET, type KeeperCall, type KeeperRequest } from './protocol.ts';
import { WarmInits } from './warm-inits.ts';

/** How long a keeper without containers and without anybody who asks stays. */
const IDLE_MS = 2000;
/** A container takes this as the soft limit of open files where its configuration sets none. */
const OPEN_FILES = 1024;

interface Kept {
  readonly init: SpawnedInit;
  readonly streams: KeptStreams;
  readonly exit: Promise<Exit>;
  /** Where the root file system of a container is mounted; of an exec's process it is that one's. */
  readonly rootfs?: string;
}

/**
 * The parent of an engine's containers: it holds their streams and learns their exits, so that the engine may end and
 * come back. One per state folder; ends by itself when it has nothing to keep.
 */
export class Keeper {
  private readonly kept = new Map<string, Kept>();
  private readonly visitors = new Set<Socket>();
  private readonly warm = new WarmInits();
  private idle: NodeJS.Timeout | undefined;
  private execs = 0;

  constructor(private readonly root: string) {}

  /** Settles when it has come to its end; at once when another keeps this folder. */
  async run(ready: () => void): Promise<void> {
    const lock = tryLockFile(join(this.root, KEEPER_LOCK));
    if (lock === null) return ready();
    // Whoever starts an engine for an ordinary user finds the namespaces by it.
    ftruncateSync(lock.fd);
    writeFileSync(lock.fd, `${process.pid}\n`);
    const path = join(this.root, KEEPER_SOCKET);
    const server = createServer((socket) => this.serve(socket));
    await listenPrivately(server, path);
    this.warm.refill([]);
    ready();
    await new Promise<void>((resolve) => {
      this.end = resolve;
      this.considerEnd();
    });
    rmSync(path, { force: true });
    server.close();
    this.warm.dispose();
    lock.dispose();
  }

  private end: () => void = () => undefined;

  private considerEnd(): void {
    clearTimeout(this.idle);
    if (this.visitors.size > 0 || this.kept.size > 0) return;
    this.idle = setTimeout(() => this.end(), IDLE_MS);
  }

  private serve(socket: Socket): void {
    this.visitors.add(socket);
    clearTimeout(this.idle);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.visitors.delete(socket);
      this.forgetDeleted();
      this.considerEnd();
    });
    eachLine(socket, (line) => {
      const request = JSON.parse(line) as KeeperRequest;
      const { number } = request;
      this.answer(request).then(
        (result = null) => {
          if (!socket.destroyed) socket.write(`${JSON.stringify({ number, result })}\n`);
          else if (request.call === 'create') void this.undo(request.id);
        },
        (error: unknown) => socket.write(`${JSON.stringify({ number, failure: asFailure(error).toJSON() })}\n`),
      );
    });
  }

  private async answer(call: KeeperCall): Promise<unknown> {
    switch (call.call) {
      case 'create':
        return this.create(call);
      case 'exec':
        return this.exec(call);
      case 'wait':
        return this.process(call.key).exit;
      case 'descriptors': {
        const { streams, init } = this.process(call.key);
        return streams.describe(init.pid, call.key);
      }
      case 'close-stdin':
        this.kept.get(call.key)?.streams.closeStdin();
        return null;
      case 'resize':
        this.process(call.key).streams.resize(call.size);
        return null;
      case 'accompany':
        this.accompany(call.key, call.pid);
        return null;
      case 'forget':
        this.forget(call.key);
        return null;
    }
  }

  private async create({ id, bundle, spec, io }: KeeperCall & { call: 'create' }): Promise<unknown> {
    const streams = new KeptStreams(io);
    try {
      const pidNamespace = pidNamespaceOf(spec);
      const timeNamespace = timeNamespaceOf(spec);
      const mayWait = pidNamespace === 'new' && timeNamespace === undefined;
      const { init, folder } = await createContainer({
        root: this.root,
        id,
        bundle,
        spec,
        nullIo: io.kind === 'null',
        size: io.kind === 'terminal' ? (io.size ?? consoleSize(spec.process)) : null,
        extraFds: 0,
        openFiles: OPEN_FILES,
        belated: belated(streams.streams),
        // Not before it is needed: whatever is refused needs none.
        init: () =>
          (mayWait ? this.warm.take() : undefined) ??
          spawnInit({ streams: streams.streams, pidNamespace, timeNamespace }),
        onTerminal: (master) => streams.takeMaster(master),
      });
      streams.closeTheirs();
      const container = new ContainerOperations(this.root, id);
      const exit = init.ended.then((ended) => {
        const how = { ...ended, oomKilled: container.cgroup().oomKills() > 0 };
        folder.writeExit(how);
        return how;
      });
      this.kept.set(id, { init, streams, exit, rootfs: rootfsOf(spec, bundle) });
      return streams.describe(init.pid, id);
    } catch (error) {
      streams.dispose();
      throw error;
    } finally {
      this.warm.refill([rootfsOf(spec, bundle), ...[...this.kept.values()].flatMap(({ rootfs }) => rootfs ?? [])]);
      this.considerEnd();
    }
  }

  private async exec({ id, process: wanted, io }: KeeperCall & { call: 'exec' }): Promise<unknown> {
    const streams = new KeptStreams(io);
    const container = new ContainerOperations(this.root, id);
    try {
      const init = await execProcess({
        container,
        process: wanted,
        streams: streams.streams,
        extra: [],
        nullIo: io.kind === 'null',
        size: io.kind === 'terminal' ? (io.size ?? null) : null,
        openFiles: OPEN_FILES,
        onTerminal: (master) => streams.takeMaster(master),
      });
      streams.closeTheirs();
      const key = `${id}/exec-${++this.execs}`;
      this.kept.set(key, { init, streams, exit: init.ended.then((ended) => ({ ...ended, oomKilled: false })) });
      return streams.describe(init.pid, key);
    } catch (error) {
      streams.dispose();
      throw error;
    }
  }

  private process(key: string): Kept {
    const kept = this.kept.get(key);
    if (kept !== undefined) return kept;
    throw new Failure('not-found', 'not-kept', `process ${key}: its keeper does not know it`);
  }

  /** By its start: when the container ends, its number may be another's. */
  private accompany(key: string, pid: number): void {
    const startedAt = processStart(pid);
    void this.process(key).exit.then(() => {
      if (startedAt !== undefined && processStart(pid) === startedAt) process.kill(pid, 'SIGTERM');
    });
  }

  /** A container nobody was told of: whoever wanted it was gone before it was made. */
  private async undo(id: string): Promise<void> {
    try {
      await new ContainerOperations(this.root, id).delete({ force: true });
    } catch (error) {
      log('error', 'keeper-undo', { id, why: asFailure(error).message });
    }
    this.forget(id);
  }

  /** Whoever deleted a container may have ended before telling us. */
  private forgetDeleted(): void {
    for (const name of this.kept.keys()) {
      const [id = ''] = name.split('/');
      if (!new ContainerFolder(this.root, id).exists()) this.forget(id);
    }
  }

  private forget(key: string): void {
    for (const [name, { streams }] of this.kept) {
      if (name !== key && !name.startsWith(`${key}/`)) continue;
      streams.dispose();
      this.kept.delete(name);
    }
    this.considerEnd();
  }
}

/** What a new init would inherit from this process. */
function belated(streams: readonly number[]): Belated {
  return { streams: streams.map((fd) => `/proc/${process.pid}/fd/${fd}`), mounts: `/proc/${process.pid}/ns/mnt` };
}

function consoleSize(
  wanted: { consoleSize?: { width: number; height: number } | null | undefined } | undefined,
): TerminalSize | null {
  const size = wanted?.consoleSize;
  return size ? { columns: size.width, rows: size.height } : null;
}

/** The keeper's process. */
export async function runKeeper(root: string, ready: () => void): Promise<void> {
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  try {
    await new Keeper(root).run(ready);
  } catch (error) {
    log('error', 'keeper-failed', { reason: asFailure(error).message });
    process.exitCode = 1;
  }
}
