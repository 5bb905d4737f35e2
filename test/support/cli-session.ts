import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { CliIo } from '../../src-main/cli/cli-io.ts';
import { runCli } from '../../src-main/cli/run-cli.ts';

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of the command line in this process, with a terminal or pipes of the test's own. */
export class CliSession {
  readonly stdin = new PassThrough() as PassThrough & { isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly rawModes: boolean[] = [];
  readonly finished: Promise<CliResult>;
  stdout = '';
  stderr = '';
  private readonly listeners = new Map<string, Set<() => void>>();

  constructor(
    argv: readonly string[],
    env: NodeJS.ProcessEnv,
    options: { terminal?: boolean; input?: string; fakeHost?: string; script?: string } = {},
  ) {
    if (options.terminal) {
      this.stdin.isTTY = true;
      this.stdin.setRawMode = (raw) => this.rawModes.push(raw);
    }
    if (options.input !== undefined) this.stdin.end(options.input);
    const script = options.script ?? join(import.meta.dirname, 'fake-vm-host.mjs');
    const launch = { script, env: { ...env, FAKE_VM_HOST: options.fakeHost ?? 'ready' } };
    const io: CliIo = {
      stdin: this.stdin,
      stdout: this.output('stdout'),
      stderr: this.output('stderr'),
      env,
      cwd: '/',
      onSignal: (signal, listener) => this.listen(signal, listener),
      launch,
    };
    this.finished = runCli(argv, io).then((status) => ({ status, stdout: this.stdout, stderr: this.stderr }));
  }

  /** Delivers a signal; whether anyone listened. */
  signal(signal: NodeJS.Signals): boolean {
    const listeners = [...(this.listeners.get(signal) ?? [])];
    for (const listener of listeners) listener();
    return listeners.length > 0;
  }

  private listen(signal: string, listener: () => void): { dispose(): void } {
    const listeners = this.listeners.get(signal) ?? new Set();
    this.listeners.set(signal, listeners.add(listener));
    return { dispose: () => listeners.delete(listener) };
  }

  private output(which: 'stdout' | 'stderr'): PassThrough {
    const stream = new PassThrough();
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      this[which] += text;
    });
    return stream;
  }
}
