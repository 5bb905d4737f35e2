import { closeSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { ReadStream } from 'node:tty';
import { Failure } from '../../../base/failure.ts';
import { sendDescriptor } from '../../../linux/send-fd.ts';
import { resizeTerminal } from '../../../linux/terminal.ts';
import type { TerminalSize } from '../runtime.ts';

/** Takes the master of a container's terminal, and says when it has nothing more to do. */
export interface TerminalTaker {
  take(master: number): void;
  done(): Promise<void>;
}

/** Sends it to whoever listens at the socket (`--console-socket`): OCI runtimes' convention, runc docs/terminals.md. */
export function consoleSocket(path: string): TerminalTaker {
  return {
    take: (master) => {
      sendDescriptor(path, master, '/dev/ptmx');
      closeSync(master);
    },
    done: () => Promise.resolve(),
  };
}

/** Joins it with our own terminal, raw, until the process hangs up. */
export function ownTerminal(): TerminalTaker {
  let ended: Promise<void> = Promise.resolve();
  return {
    take: (master) => {
      ended = join(master);
    },
    done: () => ended,
  };
}

async function join(master: number): Promise<void> {
  const { stdin, stdout } = process;
  const terminal = new ReadStream(master) as Socket;
  const resize = (): void => {
    if (stdout.isTTY) resizeTerminal(master, stdout.columns, stdout.rows);
  };
  resize();
  stdout.on('resize', resize);
  if (stdin.isTTY) stdin.setRawMode(true);
  const typed = (bytes: Buffer): void => void terminal.write(bytes);
  stdin.on('data', typed);
  await new Promise<void>((resolve) => {
    terminal.on('data', (bytes: Buffer) => stdout.write(bytes));
    // EIO: nobody has the other side open any more (pty(7)).
    terminal.on('error', () => resolve());
    terminal.on('close', () => resolve());
  });
  stdin.off('data', typed);
  stdout.off('resize', resize);
  if (stdin.isTTY) stdin.setRawMode(false);
  stdin.pause();
}

export function terminalTaker(terminal: boolean, socket: string | undefined, detached: boolean): TerminalTaker {
  if (socket !== undefined) {
    if (!terminal) throw new Failure('usage', 'no-terminal', '--console-socket: the process has no terminal');
    return consoleSocket(socket);
  }
  if (terminal && detached) {
    throw new Failure(
      'usage',
      'no-console-socket',
      'process.terminal: needs --console-socket for the terminal to go to',
    );
  }
  return ownTerminal();
}

export function ownTerminalSize(): TerminalSize | null {
  return process.stdout.isTTY ? { columns: process.stdout.columns, rows: process.stdout.rows } : null;
}

/** The soft limit of open files of whoever called us: Node raised ours. */
export function callersOpenFiles(): number {
  const soft = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${process.ppid}/limits`, 'utf8'))?.[1];
  return Number(soft ?? 1024);
}
