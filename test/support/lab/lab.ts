import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SLOWNESS } from '../slowness.ts';

/** The clone (the nearest folder above with a package.json), seen under the same path from inside the lab. */
export const clone = ((): string => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
})();

export interface LabOptions {
  /** One by default: two emulated processors take several times as long for the same, and lock up now and then. */
  readonly cpus?: number;
  readonly memoryMiB?: number;
  /** A folder that the lab sees, and can write to, as /lab-out. */
  readonly out?: string;
  /** The lab's whole life, in seconds times SLOWNESS: QEMU is killed after that. */
  readonly seconds?: number;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Killed after that times SLOWNESS, with everything in its process group. Default 60. */
  readonly seconds?: number;
}

export interface CommandEnd {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether it was killed for taking too long. */
  readonly late: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** How long it took, by the lab's clock. */
  readonly seconds: number;
}

interface Answer extends CommandEnd {
  readonly id?: number;
  readonly error?: string;
  readonly hello?: string;
}

interface Pending {
  resolve(end: CommandEnd): void;
  reject(error: Error): void;
}

/** Building the initrd the first time fetches a kernel package. */
const START_S = 180;
/** How long the agent, which speaks every few seconds, may be silent before its lab counts as hung. */
const SILENCE_S = 30;
const LAST_WORDS_MS = 500;
const DEFAULT_LIFE_S = 1800;
const DEFAULT_COMMAND_S = 60;

/** A running lab (see kvm-lab): a machine with a working /dev/kvm that shares this computer's files, not its state. */
export class Lab {
  private readonly pending = new Map<number, Pending>();
  private nextId = 1;
  /** Why nothing can be asked of it any more. */
  ended: Error | undefined;
  private readonly silence: NodeJS.Timeout;

  private constructor(
    private readonly process: ChildProcess,
    private readonly socket: Socket,
    private readonly exited: Promise<void>,
    private readonly met: () => void,
    said: () => string,
  ) {
    const silence = SILENCE_S * SLOWNESS;
    const hung = (): void => this.lost(new Error(`the lab hangs: not a word for ${silence} s`));
    this.silence = setTimeout(hung, silence * 1000);
    eachLine(socket, (line) => {
      this.silence.refresh();
      this.answered(JSON.parse(line) as Answer);
    });
    // What it said last comes by another way.
    const end = (): void => this.lost(new Error(`the lab ended, last having said\n${said()}`));
    socket.once('close', () => setTimeout(end, LAST_WORDS_MS));
  }

  /** Boots a lab; about 10 s. Whoever starts it disposes of it; it also ends with this process. */
  static async start(options: LabOptions = {}): Promise<Lab> {
    const folder = mkdtempSync(join(tmpdir(), 'bulkhead-lab-'));
    const server = createServer();
    try {
      const socketPath = join(folder, 'agent');
      await new Promise<void>((listening) => server.listen(socketPath, listening));
      return await Lab.meet(server, startLab(socketPath, options));
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  }

  /** Runs a program in the lab, as root, in the clone's folder unless told otherwise. */
  exec(argv: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
    const { cwd = clone, env = {}, input, seconds = DEFAULT_COMMAND_S } = options;
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(this.ended);
      this.pending.set(id, { resolve, reject });
      this.socket.write(`${JSON.stringify({ id, argv, cwd, env, input, ms: seconds * SLOWNESS * 1000 })}\n`);
    });
  }

  /** Runs a line of shell in the lab. */
  shell(script: string, options: CommandOptions = {}): Promise<CommandEnd> {
    return this.exec(['bash', '-c', script], options);
  }

  /** What a line of shell prints; throws unless it succeeds. */
  async output(script: string, options: CommandOptions = {}): Promise<string> {
    const end = await this.shell(script, options);
    if (end.code !== 0) throw new Error(`in the lab: ${script}: ${ending(end)}\n${end.stdout}${end.stderr}`);
    return end.stdout;
  }

  /** Switches the lab off; settles once QEMU is gone. */
  async dispose(): Promise<void> {
    this.socket.destroy();
    this.process.kill('SIGTERM');
    await this.exited;
  }

  /** Waits until the agent says hello. QEMU itself connects long before. */
  private static async meet(server: Server, child: ChildProcess): Promise<Lab> {
    let said = '';
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (text) => {
        said = `${said}${text}`.slice(-4000);
      });
    }
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Lab>((resolve, reject) => {
        const fail = (why: string): void => reject(new Error(`the lab did not start: ${why}\n${said}`));
        child.once('error', (error) => fail(error.message));
        void exited.then(() => fail('it ended'));
        timer = setTimeout(() => fail(`not within ${START_S} s`), START_S * SLOWNESS * 1000);
        server.once('connection', (socket) => {
          const lab: Lab = new Lab(
            child,
            socket,
            exited,
            () => resolve(lab),
            () => said,
          );
        });
      });
    } catch (error) {
      child.kill('SIGTERM');
      await exited;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private answered({ id, error, hello, ...end }: Answer): void {
    if (hello !== undefined) this.met();
    const waiting = id === undefined ? undefined : this.pending.get(id);
    if (!waiting) return;
    this.pending.delete(id!);
    if (error === undefined) waiting.resolve(end);
    else waiting.reject(new Error(`in the lab: ${error}`));
  }

  private lost(error: Error): void {
    this.ended ??= error;
    clearTimeout(this.silence);
    for (const { reject } of this.pending.values()) reject(this.ended);
    this.pending.clear();
  }
}

/** Runs one command in a lab of its own. */
export async function runInLab(
  argv: readonly string[],
  options: LabOptions & CommandOptions = {},
): Promise<CommandEnd> {
  const { seconds, ...rest } = options;
  const lab = await Lab.start(rest);
  try {
    return await lab.exec(argv, { ...rest, ...(seconds === undefined ? {} : { seconds }) });
  } finally {
    await lab.dispose();
  }
}

export function ending({ code, signal, late }: CommandEnd): string {
  return late ? 'killed: too slow' : signal === null ? `exit status ${code}` : signal;
}

function startLab(socketPath: string, { cpus = 1, memoryMiB = 4096, out, seconds = DEFAULT_LIFE_S }: LabOptions) {
  const shared = out === undefined ? [] : ['-o', out];
  const limits = ['-c', `${cpus}`, '-m', `${memoryMiB}`, '-t', `${seconds * SLOWNESS}`];
  const env = { ...process.env };
  delete env.ELECTRON_RUN_AS_NODE;
  return spawn(join(clone, 'test/support/lab/kvm-lab'), [...limits, ...shared, '-s', socketPath], {
    cwd: clone,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

function eachLine(socket: Socket, listener: (line: string) => void): void {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', () => undefined);
  socket.on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop()!;
    for (const line of lines) listener(line);
  });
}
