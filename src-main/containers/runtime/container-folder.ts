import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { makeFifo } from '../../linux/exec.ts';
import type { Exit } from './runtime.ts';
import { parseSpec, type Spec } from './spec/config.ts';

/** What is known of a container besides its configuration. */
const record = z.object({
  version: z.literal(1),
  id: z.string(),
  bundle: z.string(),
  /** 0 before there is a process. */
  pid: z.int(),
  /** When the process started, in clock ticks since boot: proves that a pid still names it (proc_pid_stat(5)). */
  pidStartedAt: z.string(),
  phase: z.enum(['creating', 'created']),
  createdAt: z.string(),
  startedAt: z.nullable(z.string()),
});
export type ContainerRecord = z.infer<typeof record>;

const exitRecord = z.object({ code: z.int(), signal: z.nullable(z.string()), oomKilled: z.boolean(), at: z.string() });

/** Begins the name of a folder that is being deleted. */
const GONE = '.gone-';
const ID = /^[A-Za-z0-9][A-Za-z0-9_.+-]{0,1023}$/;

/** One container's folder in the state folder: its record, its configuration, its exit, and the fifos of its start. */
export class ContainerFolder {
  readonly path: string;
  readonly startFifo: string;
  readonly startedFifo: string;

  constructor(
    root: string,
    readonly id: string,
  ) {
    if (!ID.test(id))
      throw new Failure('usage', 'bad-id', `container id ${JSON.stringify(id)}: letters, digits and _.+- only`);
    this.path = join(root, id);
    this.startFifo = join(this.path, 'start');
    this.startedFifo = join(this.path, 'started');
  }

  /** Makes it; throws when there is such a container. */
  make(spec: Spec, first: ContainerRecord): void {
    try {
      mkdirSync(join(this.path, '..'), { recursive: true, mode: 0o711 });
      mkdirSync(this.path, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new Failure('state', 'container-exists', `container ${this.id}: there is one already`);
    }
    this.put('config.json', spec);
    this.write(first);
    makeFifo(this.startFifo);
    makeFifo(this.startedFifo);
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  require(): void {
    if (!this.exists()) throw new Failure('not-found', 'no-container', `container ${this.id}: there is none`);
  }

  write(value: ContainerRecord): void {
    this.put('state.json', value);
  }

  /** undefined where its making was cut off before it had one. */
  read(): ContainerRecord | undefined {
    this.require();
    const value = this.get('state.json');
    const result = record.safeParse(value);
    return result.success ? result.data : undefined;
  }

  spec(): Spec {
    return parseSpec(this.get('config.json'));
  }

  writeSpec(spec: Spec): void {
    this.put('config.json', spec);
  }

  /** Of a container that was deleted meanwhile nobody wants to know. */
  writeExit(exit: Exit): void {
    try {
      this.put('exit.json', exit);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  exit(): Exit | null {
    const result = exitRecord.safeParse(this.get('exit.json'));
    return result.success ? result.data : null;
  }

  isStarted(): boolean {
    return !existsSync(this.startFifo);
  }

  markStarted(): void {
    rmSync(this.startFifo, { force: true });
  }

  /** Takes it out of the list at once: an exit that is written meanwhile finds no folder any more. */
  remove(): void {
    const gone = join(this.path, '..', `${GONE}${this.id}-${process.pid}`);
    try {
      renameSync(this.path, gone);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return;
    }
    rmSync(gone, { recursive: true, force: true, maxRetries: 3 });
  }

  private put(name: string, value: unknown): void {
    const temporary = join(this.path, `.${name}.${process.pid}.tmp`);
    const fd = openSync(temporary, 'w', 0o600);
    try {
      // Not flushed to a disk: what runs is gone after a restart of the computer, whatever its folder says.
      writeSync(fd, JSON.stringify(value));
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, join(this.path, name));
  }

  private get(name: string): unknown {
    try {
      return JSON.parse(readFileSync(join(this.path, name), 'utf8'));
    } catch {
      return undefined;
    }
  }
}

/** The containers of a state folder. */
export function listFolders(root: string): ContainerFolder[] {
  if (!existsSync(root)) return [];
  const entries = readdirSync(root, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && ID.test(entry.name))
    .map(({ name }) => new ContainerFolder(root, name));
}

/** Deletes the folders of containers whose removal was cut off. */
export function removeGone(root: string): void {
  if (!existsSync(root)) return;
  for (const name of readdirSync(root)) {
    if (name.startsWith(GONE)) rmSync(join(root, name), { recursive: true, force: true, maxRetries: 3 });
  }
}
