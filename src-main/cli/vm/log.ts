import { closeSync, fstatSync, openSync, readSync, statSync, watch } from 'node:fs';
import type { Command } from 'commander';
import type { MachinePaths } from '../../inventory/paths.ts';
import { type CliIo, write } from '../cli-io.ts';
import { findMachine } from './machines.ts';

/** Where file events get lost (network file systems), a look this often finds what was written. */
const LOOK_MS = 250;
const CHUNK = 64 * 1024;

export function addLog(group: Command, io: CliIo): void {
  group
    .command('log')
    .description('print what a machine has written to its serial console')
    .argument('<name>')
    .option('-f, --follow', 'go on until interrupted, also across restarts')
    .action(async (name: string, { follow }: { follow?: boolean }) => {
      const { fleet, id } = findMachine(io, name);
      const paths = fleet.store.paths.machine(id);
      await printWhole(io, paths.olderSerialLog);
      if (follow) await followLog(io, paths);
      else await printWhole(io, paths.serialLog);
    });
}

async function printWhole(io: CliIo, path: string): Promise<void> {
  const log = OpenLog.open(path);
  if (!log) return;
  try {
    await log.printNew(io);
  } finally {
    log.close();
  }
}

/** Prints the log as it grows until interrupted: through rotation, truncation and deletion of the file. */
async function followLog(io: CliIo, paths: MachinePaths): Promise<void> {
  let interrupted = false;
  let wake = (): void => undefined;
  const interrupt = (): void => {
    interrupted = true;
    wake();
  };
  const signals = [io.onSignal('SIGINT', interrupt), io.onSignal('SIGTERM', interrupt)];
  const watcher = watchQuietly(paths.logs, () => wake());
  let log: OpenLog | undefined;
  try {
    while (!interrupted) {
      log ??= OpenLog.open(paths.serialLog);
      await log?.printNew(io);
      if (log?.isRotated(paths.serialLog)) {
        await log.printNew(io);
        log.close();
        log = undefined;
        continue;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (interrupted) wake();
      });
    }
  } finally {
    log?.close();
    watcher?.close();
    for (const signal of signals) signal.dispose();
  }
}

/** A log file held open: what was written to it before it was renamed can still be read. */
class OpenLog {
  private offset = 0;

  private constructor(private readonly fd: number) {}

  static open(path: string): OpenLog | undefined {
    try {
      return new OpenLog(openSync(path, 'r'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async printNew(io: CliIo): Promise<void> {
    if (fstatSync(this.fd).size < this.offset) this.offset = 0;
    for (;;) {
      const bytes = Buffer.alloc(CHUNK);
      const count = readSync(this.fd, bytes, 0, CHUNK, this.offset);
      if (count === 0) return;
      this.offset += count;
      await write(io.stdout, bytes.subarray(0, count));
    }
  }

  /** Whether another file has its name now. */
  isRotated(path: string): boolean {
    const now = statSync(path, { throwIfNoEntry: false });
    return now !== undefined && now.ino !== fstatSync(this.fd).ino;
  }

  close(): void {
    closeSync(this.fd);
  }
}

function watchQuietly(path: string, changed: () => void): { close(): void } | undefined {
  try {
    return watch(path, changed).on('error', () => undefined);
  } catch {
    return undefined;
  }
}
