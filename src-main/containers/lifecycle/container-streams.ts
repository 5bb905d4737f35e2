import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { ProcessIo } from '../runtime/runtime.ts';

export type OutputName = 'stdout' | 'stderr';

/** Somebody who hears a process. `false`, or a promise, asks for a pause until it is settled. */
export interface Listener {
  hear(output: OutputName, bytes: Buffer): boolean | Promise<boolean>;
  /** The process said its last. */
  end(): void;
}

/**
 * The standard streams of a process that may not run yet: listeners and typists can be there first. What it says goes
 * to all of them at the speed of the slowest, as a pipe's would.
 */
export class ContainerStreams {
  private readonly listeners = new Set<Listener>();
  private input = new PassThrough();
  private over: Promise<void> = Promise.resolve();

  listen(listener: Listener): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  get stdin(): Writable {
    return this.input;
  }

  /** Joins the streams of a process that was made. */
  join(io: ProcessIo): void {
    if (io.kind === 'null') return;
    const terminal = io.kind === 'terminal';
    const target = terminal ? io.input : io.stdin;
    if (target !== null) {
      // It may end, or close its input, whenever it likes.
      target.on('error', () => undefined);
      this.input.pipe(target, { end: !terminal });
    } else this.input.resume();
    const sources: [Readable, OutputName][] = terminal
      ? [[io.output, 'stdout']]
      : [
          [io.stdout, 'stdout'],
          [io.stderr, 'stderr'],
        ];
    this.over = Promise.all(sources.map(([source, output]) => this.pump(source, output))).then(() => undefined);
  }

  /** Settles when everything the process said has been heard. */
  drained(): Promise<void> {
    return this.over;
  }

  /** Lets everybody go; the next process has streams of its own. */
  renew(): void {
    this.input.destroy();
    this.input = new PassThrough();
    this.over = Promise.resolve();
    const gone = [...this.listeners];
    this.listeners.clear();
    for (const listener of gone) listener.end();
  }

  private pump(source: Readable, output: OutputName): Promise<void> {
    return new Promise((resolve) => {
      source.on('data', (bytes: Buffer) => {
        const slow = [...this.listeners]
          .map((listener) => listener.hear(output, bytes))
          .filter((heard) => heard !== true);
        if (slow.length === 0) return;
        source.pause();
        void Promise.allSettled(slow).then(() => source.resume());
      });
      source.on('end', resolve);
      source.on('error', () => resolve());
      source.on('close', resolve);
    });
  }
}
