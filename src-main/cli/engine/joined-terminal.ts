import type { Duplex } from 'node:stream';
import { Owner } from '../../base/disposable.ts';
import { Unframer } from '../../docker-api/streams/stdcopy.ts';
import { type CliIo, write } from '../cli-io.ts';

export interface JoinOptions {
  readonly terminal: boolean;
  readonly stdin: boolean;
  /** Tells the process how large the terminal is, at first and whenever that changes. */
  resize?(size: { rows: number; columns: number }): void;
  /** Passes a signal on, where there is no terminal to type it into. */
  signal?(name: NodeJS.Signals): void;
}

/** Joins this process's streams and a container's until the container's side ends. The terminal is as before afterwards. */
export async function joinStreams(io: CliIo, peer: Duplex, options: JoinOptions): Promise<void> {
  const owner = new Owner();
  try {
    peer.on('error', () => peer.destroy());
    if (options.terminal && options.stdin && io.stdin.isTTY) {
      io.stdin.setRawMode?.(true);
      owner.defer(() => io.stdin.setRawMode?.(false));
    }
    if (options.terminal && options.resize) followSize(io, options.resize, owner);
    if (!options.terminal && options.signal) {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
        owner.own(io.onSignal(name, () => options.signal?.(name)));
    }
    if (options.stdin) {
      const onData = (chunk: Buffer): void => {
        if (peer.writable && !peer.write(chunk)) {
          io.stdin.pause();
          peer.once('drain', () => io.stdin.resume());
        }
      };
      const onEnd = (): unknown => peer.end();
      io.stdin.on('data', onData).on('end', onEnd);
      owner.defer(() => {
        io.stdin.off('data', onData).off('end', onEnd);
        io.stdin.pause();
      });
    }
    await printAll(io, peer, options.terminal);
  } finally {
    owner.dispose();
  }
}

/** Prints a container's output as it comes, each stream where it belongs. */
export async function printAll(io: CliIo, source: AsyncIterable<unknown>, terminal: boolean): Promise<void> {
  const frames = new Unframer();
  const chunks =
    source instanceof Object && 'iterator' in source ? (source as Duplex).iterator({ destroyOnReturn: false }) : source;
  for await (const chunk of chunks) {
    if (terminal) await write(io.stdout, chunk as Buffer);
    else {
      for (const { output, bytes } of frames.push(chunk as Buffer)) {
        await write(output === 'stderr' ? io.stderr : io.stdout, bytes);
      }
    }
  }
}

function followSize(io: CliIo, resize: NonNullable<JoinOptions['resize']>, owner: Owner): void {
  const tell = (): void => {
    const { columns, rows } = io.stdout as { columns?: number; rows?: number };
    if (columns && rows) resize({ rows, columns });
  };
  tell();
  owner.own(io.onSignal('SIGWINCH', tell));
}
