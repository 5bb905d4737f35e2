import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { LastRun } from '../../src-main/inventory/last-run.ts';
import type { MachineDraft } from '../../src-main/inventory/machine-config.ts';
import { MachineStore } from '../../src-main/inventory/machine-store.ts';
import { bulkheadPaths, type MachinePaths } from '../../src-main/inventory/paths.ts';
import { Fleet } from '../../src-main/vmm/client/fleet.ts';
import type { VmHostOptions } from '../../src-main/vmm/client/vm-host-process.ts';
import { type CliResult, CliSession } from './cli-session.ts';
import { microKernel } from './micro-kernel.ts';
import { SLOWNESS } from './slowness.ts';

const PATIENCE_MS = 15_000 * SLOWNESS;
const START_MS = 60_000 * SLOWNESS;
/** What runs VM hosts instead of this Electron, which takes seconds to start on an emulated processor. */
const NODE = process.env.BULKHEAD_TEST_NODE;

/** The VM host built from today's sources, and machines of micro-kernels in folders of their own. */
export class VmHosts {
  private files = 0;

  private constructor(
    readonly folder: string,
    readonly store: MachineStore,
    readonly fleet: Fleet,
    private readonly built: string,
    /** How its VM hosts are started. */
    readonly hostOptions: VmHostOptions & { readonly script: string; readonly env: NodeJS.ProcessEnv },
  ) {}

  /** @param more environment of the VM hosts */
  static async open(more: NodeJS.ProcessEnv = {}): Promise<VmHosts> {
    const folder = mkdtempSync(join(tmpdir(), 'bh-'));
    mkdirSync(join(folder, 'run'), { mode: 0o700 });
    const env = {
      ...process.env,
      ...more,
      XDG_DATA_HOME: join(folder, 'data'),
      XDG_RUNTIME_DIR: join(folder, 'run'),
    };
    const built = await buildVmHost();
    const store = new MachineStore(bulkheadPaths(env));
    const hostOptions = { script: join(built, 'vm-host.js'), env, ...(NODE && { node: NODE }) };
    return new VmHosts(folder, store, new Fleet(store, { ...hostOptions, timeoutMs: START_MS }), built, hostOptions);
  }

  /** Makes a machine that boots `code`; its id. */
  create(code: Uint8Array, draft: Partial<MachineDraft> = {}): string {
    const kernel = join(this.folder, `kernel-${this.files++}`);
    writeFileSync(kernel, microKernel(code));
    return this.store.create({
      name: `m${this.files}`,
      accelerator: 'kvm',
      memoryMiB: 16,
      boot: { kind: 'kernel', kernel },
      ...draft,
    } as MachineDraft).id;
  }

  /** Makes a machine that boots `code` and starts it; its id. */
  async run(code: Uint8Array, draft: Partial<MachineDraft> = {}): Promise<string> {
    const id = this.create(code, draft);
    await this.fleet.start(id);
    return id;
  }

  paths(id: string): MachinePaths {
    return this.store.paths.machine(id);
  }

  lastRun(id: string): LastRun {
    return JSON.parse(readFileSync(this.paths(id).lastRun, 'utf8')) as LastRun;
  }

  pid(id: string): number {
    return this.lastRun(id).pid;
  }

  qmp(id: string): Promise<QmpLines> {
    return QmpLines.connect(this.paths(id).qmp);
  }

  /** Runs the command line client on these machines, in this process. */
  commandLine(...argv: string[]): Promise<CliResult> {
    const { env, script } = this.hostOptions;
    return new CliSession(argv, env, { input: '', script }).finished;
  }

  /** A QMP connection past its negotiation. */
  async negotiated(id: string): Promise<QmpLines> {
    const qmp = await this.qmp(id);
    await qmp.next();
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  visit(id: string): Promise<Visitor> {
    return Visitor.connect(this.paths(id).serial);
  }

  /** Ends every machine that still runs and removes everything. */
  async close(): Promise<void> {
    for (const { id, state, pid } of await this.fleet.list()) {
      if (state !== 'stopped' && state !== 'crashed') {
        await this.fleet.kill(id).catch(() => pid && process.kill(pid, 'SIGKILL'));
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(this.built, { recursive: true, force: true });
  }
}

/** Bundles the VM host and its worker as the release does. Lies under the repository, where packages are found from it. */
async function buildVmHost(): Promise<string> {
  const dir = fileURLToPath(
    new URL(`../../.cache/test-workers/vm-host-${process.pid}-${Date.now()}/`, import.meta.url),
  );
  const entry = (name: string) => fileURLToPath(new URL(`../../src-main/entries/${name}.ts`, import.meta.url));
  const bundle = await rolldown({
    input: { 'vm-host': entry('vm-host'), 'vcpu-worker': entry('vcpu-worker'), 'io-worker': entry('io-worker') },
    platform: 'node',
    external: ['koffi', 'v86'],
    logLevel: 'silent',
  });
  await bundle.write({ dir, format: 'esm', entryFileNames: '[name].js' });
  await bundle.close();
  return dir;
}

/** Settles with what `look` finds, once it is not undefined; throws what was waited for when that takes too long. */
export async function eventually<T>(
  what: string | (() => string),
  look: () => T | undefined | Promise<T | undefined>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`not seen in time: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export type QmpMessage = Record<string, unknown>;

/** QMP as it is on the wire: lines out, messages in, in order. */
export class QmpLines {
  readonly messages: QmpMessage[] = [];
  closed = false;
  private text = '';
  private wake: () => void = () => {};

  private constructor(readonly socket: Socket) {
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => this.receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.closed = true;
      this.wake();
    });
  }

  static async connect(path: string): Promise<QmpLines> {
    const socket = createConnection(path);
    const lines = new QmpLines(socket);
    await new Promise((resolve, reject) => socket.once('connect', () => resolve(undefined)).once('error', reject));
    return lines;
  }

  /** The next message of the kind, taking it and dropping those before it. */
  async next(matches: (message: QmpMessage) => boolean = () => true): Promise<QmpMessage> {
    const timer = setTimeout(() => this.socket.destroy(), PATIENCE_MS);
    try {
      for (;;) {
        const at = this.messages.findIndex(matches);
        if (at >= 0) return this.messages.splice(0, at + 1).at(-1)!;
        if (this.closed) throw new Error('QMP: closed without the message waited for');
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      }
    } finally {
      clearTimeout(timer);
    }
  }

  event(name: string): Promise<QmpMessage> {
    return this.next((message) => message.event === name);
  }

  /** The next answer, whatever events come before it. */
  answer(): Promise<QmpMessage> {
    return this.next((message) => 'return' in message || 'error' in message);
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Sends a command; its whole answer. Events that came before it are dropped. */
  execute(command: string, more: object = {}): Promise<QmpMessage> {
    this.send(`${JSON.stringify({ execute: command, ...more })}\r\n`);
    return this.answer();
  }

  /** Settles when the other side has hung up; what it had still said. */
  async end(): Promise<QmpMessage[]> {
    while (!this.closed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.messages;
  }

  private receive(chunk: string): void {
    const lines = (this.text + chunk).split('\r\n');
    this.text = lines.pop() ?? '';
    this.messages.push(...lines.map((line) => JSON.parse(line) as QmpMessage));
    this.wake();
  }
}

/** Someone at the serial console. */
export class Visitor {
  private readonly chunks: Buffer[] = [];
  length = 0;
  closed = false;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.length += chunk.length;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.closed = true;
    });
  }

  static async connect(path: string): Promise<Visitor> {
    const visitor = new Visitor(createConnection(path));
    await new Promise((resolve, reject) =>
      visitor.socket.once('connect', () => resolve(undefined)).once('error', reject),
    );
    return visitor;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  has(length: number): Promise<Buffer> {
    return eventually(`${length} bytes on the console (${this.length} so far)`, () =>
      this.length >= length ? this.bytes : undefined,
    );
  }
}
