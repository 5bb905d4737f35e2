import type { Readable, Writable } from 'node:stream';
import type { Disposable } from '../base/disposable.ts';
import type { LaunchOptions } from '../vmm/client/launch.ts';

export type CliOutput = Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
export type CliInput = Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };

/** Everything a run of the command line touches of its process. */
export interface CliIo {
  readonly stdin: CliInput;
  /** Results only: what a program or a pipe wants. */
  readonly stdout: CliOutput;
  /** Progress, questions, errors. */
  readonly stderr: CliOutput;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  onSignal(signal: NodeJS.Signals, listener: () => void): Disposable;
  /** How VM hosts are started, where not as usual. */
  readonly launch?: LaunchOptions;
}

/** Writes text, waiting where the reader is slow. */
export function write(output: CliOutput, text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

export function printLine(output: CliOutput, line = ''): Promise<void> {
  return write(output, `${line}\n`);
}

export function printJson(output: CliOutput, value: unknown): Promise<void> {
  return write(output, `${JSON.stringify(value, null, 2)}\n`);
}
