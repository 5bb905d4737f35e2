import { closeSync, openSync } from 'node:fs';
import { openPipe } from '../../../linux/exec.ts';
import { resizeTerminal } from '../../../linux/terminal.ts';
import type { IoRequest, TerminalSize } from '../runtime.ts';
import type { KeptDescriptors } from './protocol.ts';

/** The streams of a process: its ends until it is started, and ours, which the keeper holds open until they are forgotten. */
export class KeptStreams {
  private readonly theirs: number[] = [];
  private stdin: number | null = null;
  private stdout: number | null = null;
  private stderr: number | null = null;
  private master: number | null = null;
  readonly streams: readonly [number, number, number];

  constructor(io: IoRequest) {
    if (io.kind !== 'pipes') {
      const fd = openSync('/dev/null', 'r+');
      this.theirs.push(fd);
      this.streams = [fd, fd, fd];
      return;
    }
    const [output, errors] = [openPipe(), openPipe()];
    this.stdout = output.read;
    this.stderr = errors.read;
    this.theirs.push(output.write, errors.write);
    this.streams = [this.inputEnd(io.stdin), output.write, errors.write];
  }

  private inputEnd(wanted: boolean): number {
    const input = wanted ? openPipe() : undefined;
    this.stdin = input?.write ?? null;
    const fd = input?.read ?? openSync('/dev/null', 'r');
    this.theirs.push(fd);
    return fd;
  }

  takeMaster(fd: number): void {
    this.master = fd;
  }

  resize({ columns, rows }: TerminalSize): void {
    if (this.master !== null) resizeTerminal(this.master, columns, rows);
  }

  /** Once the process has them. */
  closeTheirs(): void {
    for (const fd of this.theirs.splice(0)) closeSync(fd);
  }

  closeStdin(): void {
    if (this.stdin !== null) closeSync(this.stdin);
    this.stdin = null;
  }

  describe(pid: number, key: string): KeptDescriptors {
    const { stdin, stdout, stderr, master } = this;
    return { keeper: process.pid, pid, key, stdin, stdout, stderr, master };
  }

  dispose(): void {
    this.closeTheirs();
    this.closeStdin();
    for (const fd of [this.stdout, this.stderr, this.master]) if (fd !== null) closeSync(fd);
    this.stdout = null;
    this.stderr = null;
    this.master = null;
  }
}
