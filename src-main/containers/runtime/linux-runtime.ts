import { Socket } from 'node:net';
import { isAbsolute, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { Failure } from '../../base/failure.ts';
import { fdOfProcess } from '../../linux/namespaces.ts';
import type { ContainerStats } from '../cgroups/stats.ts';
import { ContainerFolder, listFolders, removeGone } from './container-folder.ts';
import { KeeperClient } from './keeper/keeper-client.ts';
import type { KeptDescriptors } from './keeper/protocol.ts';
import { ContainerOperations } from './operations.ts';
import type {
  ContainerState,
  CreatedContainer,
  CreateRequest,
  DeleteOptions,
  Exec,
  Exit,
  IoRequest,
  KillOptions,
  ProcessIo,
  Runtime,
  TerminalSize,
} from './runtime.ts';
import { type ProcessInput, parseProcess, parseResources, parseSpec } from './spec/config.ts';
import type { ResourcesInput } from './spec/linux.ts';

const LOOK_AGAIN_MS = 50;

/** The containers of one state folder, by their folders, their cgroups and their keeper. */
export class LinuxRuntime implements Runtime {
  private readonly keeper: KeeperClient;
  /** Streams handed out: the kernel gives what they read to nobody else. */
  private readonly open = new Set<Socket>();

  constructor(private readonly root: string) {
    this.keeper = new KeeperClient(root);
  }

  async create({ id, bundle, spec, io }: CreateRequest): Promise<CreatedContainer> {
    const checked = parseSpec(spec);
    const terminal = checked.process?.terminal ?? false;
    if (terminal !== (io.kind === 'terminal')) {
      throw new Failure('usage', 'terminal-mismatch', `container ${id}: process.terminal and its streams do not agree`);
    }
    const folder = isAbsolute(bundle) ? bundle : resolve(bundle);
    const kept = await this.keeper.ask<KeptDescriptors>({ call: 'create', id, bundle: folder, spec: checked, io });
    return { id, pid: kept.pid, io: this.streams(kept, io) };
  }

  start(id: string): Promise<void> {
    return this.of(id).start();
  }

  async accompany(id: string, pid: number): Promise<void> {
    await this.keeper.ask({ call: 'accompany', key: id, pid });
  }

  async kill(id: string, signal: number, options: KillOptions = {}): Promise<void> {
    this.of(id).kill(signal, options);
  }

  async delete(id: string, options: DeleteOptions = {}): Promise<void> {
    await this.of(id).delete(options);
    await this.keeper.askIfThere({ call: 'forget', key: id });
  }

  async exec(id: string, wanted: ProcessInput, io: IoRequest): Promise<Exec> {
    const checked = parseProcess(wanted);
    const kept = await this.keeper.ask<KeptDescriptors>({ call: 'exec', id, process: checked, io });
    const { key, pid } = kept;
    const exit = this.keeper.ask<Exit>({ call: 'wait', key });
    exit.catch(() => undefined);
    return {
      pid,
      io: this.streams(kept, io),
      resize: async (size) => void (await this.keeper.ask({ call: 'resize', key, size })),
      kill: (signal) => void process.kill(pid, signal),
      wait: async () => {
        const how = await exit;
        await this.keeper.askIfThere({ call: 'forget', key });
        return how;
      },
    };
  }

  pause(id: string): Promise<void> {
    return this.of(id).pause();
  }

  resume(id: string): Promise<void> {
    return this.of(id).resume();
  }

  async update(id: string, resources: ResourcesInput): Promise<void> {
    this.of(id).update(parseResources(resources));
  }

  async state(id: string): Promise<ContainerState> {
    return this.of(id).state();
  }

  async list(): Promise<ContainerState[]> {
    return listFolders(this.root).flatMap(({ id }) => {
      try {
        return [this.of(id).state()];
      } catch {
        // Gone meanwhile, or its making was cut off: `delete` with force clears it up.
        return [];
      }
    });
  }

  async sweep(isKnown: (id: string) => boolean): Promise<void> {
    for (const { id } of listFolders(this.root)) if (!isKnown(id)) await this.delete(id, { force: true });
    removeGone(this.root);
  }

  async stats(id: string): Promise<ContainerStats> {
    return this.of(id).stats();
  }

  async processes(id: string): Promise<number[]> {
    return this.of(id).processes();
  }

  async wait(id: string): Promise<Exit> {
    for (;;) {
      const folder = new ContainerFolder(this.root, id);
      folder.require();
      const known = folder.exit();
      if (known !== null) return known;
      const told = await this.keeper.askIfThere<Exit>({ call: 'wait', key: id }).catch(() => undefined);
      if (told !== undefined) return told;
      // Its keeper was killed: nobody knows how it ended, if it did.
      if (this.of(id).state().status === 'stopped') {
        return { code: 255, signal: null, oomKilled: false, at: new Date().toISOString() };
      }
      await delay(LOOK_AGAIN_MS);
    }
  }

  async attach(id: string): Promise<ProcessIo> {
    this.of(id).record();
    const kept = await this.keeper.askIfThere<KeptDescriptors>({ call: 'descriptors', key: id });
    if (kept === undefined) {
      throw new Failure('state', 'streams-lost', `container ${id}: its streams are gone: their keeper was killed`);
    }
    const kind = kept.master !== null ? 'terminal' : kept.stdout === null ? 'null' : 'pipes';
    return this.streams(kept, kind === 'pipes' ? { kind, stdin: kept.stdin !== null } : { kind });
  }

  async resize(id: string, size: TerminalSize): Promise<void> {
    await this.keeper.ask({ call: 'resize', key: id, size });
  }

  /** Lets go of the keeper and of every stream handed out: the containers go on, what they write waits for another. */
  dispose(): Promise<void> {
    for (const stream of this.open) stream.destroy();
    return this.keeper.dispose();
  }

  private of(id: string): ContainerOperations {
    return new ContainerOperations(this.root, id);
  }

  private streams(kept: KeptDescriptors, io: IoRequest): ProcessIo {
    const take = (fd: number): number => fdOfProcess(kept.keeper, fd);
    if (io.kind === 'null') return { kind: 'null' };
    if (io.kind === 'terminal') {
      const both = this.own(terminalStream(take(kept.master!)));
      return { kind: 'terminal', input: both, output: both };
    }
    return {
      kind: 'pipes',
      stdin: kept.stdin === null ? null : this.input(take(kept.stdin), kept.key),
      stdout: this.own(new Socket({ fd: take(kept.stdout!), readable: true, writable: false })),
      stderr: this.own(new Socket({ fd: take(kept.stderr!), readable: true, writable: false })),
    };
  }

  private own(stream: Socket): Socket {
    this.open.add(stream);
    stream.once('close', () => this.open.delete(stream));
    return stream;
  }

  /** When it ends, the keeper's copy is closed as well, so that the process sees the end. */
  private input(fd: number, key: string): Writable {
    const pipe = this.own(new Socket({ fd, readable: false, writable: true }));
    pipe.on('close', () => {
      if (pipe.writableFinished) this.keeper.askIfThere({ call: 'close-stdin', key }).catch(() => undefined);
    });
    return pipe;
  }
}

/** A terminal's master as a stream; that the other side hangs up is its end. */
function terminalStream(fd: number): Socket {
  const stream = new ReadStream(fd) as Socket;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EIO') stream.destroy();
  });
  return stream;
}
