import type { Duplex } from 'node:stream';
import type { Disposable } from '../../base/disposable.ts';
import { Owner } from '../../base/disposable.ts';
import type { CliIo } from '../cli-io.ts';

/** ^], as telnet and virsh have it. */
const LEAVE = 0x1d;
/** After the end of a piped input the answer to it may still be under way: this long a silence ends the session. */
const SILENCE_MS = 500;
/** Colours off and the cursor shown, whatever the guest did (ECMA-48 SGR; xterm DECTCEM). */
const TERMINAL_AS_USUAL = '\x1b[0m\x1b[?25h';

type Ending = 'left' | 'ended' | 'silence' | 'signal';

/**
 * Joins a terminal and a serial console until ^], the machine's end or a signal; the terminal is as it was afterwards
 * in every case. Without a terminal it is a pipe: stdin to the guest, the guest to stdout, until stdin ends and the
 * guest falls silent.
 */
export async function openTerminalSession(io: CliIo, serial: Duplex, machine: string): Promise<void> {
  const owner = new Owner();
  const terminal = io.stdin.isTTY === true && io.stdin.setRawMode !== undefined;
  try {
    owner.defer(() => serial.destroy());
    if (terminal) {
      io.stderr.write(`connected to ${machine}; ^] leaves it running\r\n`);
      owner.own(rawTerminal(io));
    }
    const ending = await joined(io, serial, terminal, owner);
    owner.dispose();
    if (!terminal) return;
    io.stderr.write(ending === 'ended' ? `\r\n${machine} is off\n` : `\r\nleft ${machine}\n`);
  } finally {
    owner.dispose();
  }
}

function joined(io: CliIo, serial: Duplex, terminal: boolean, owner: Owner): Promise<Ending> {
  return new Promise<Ending>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
      owner.own(io.onSignal(signal, () => resolve('signal')));
    }
    const silence = terminal ? undefined : new Silence(() => resolve('silence'));
    owner.defer(() => silence?.dispose());
    serial.on('error', () => resolve('ended'));
    serial.on('close', () => resolve('ended'));
    serial.on('end', () => resolve('ended'));
    owner.own(
      readInput(
        io,
        serial,
        terminal,
        () => resolve('left'),
        () => silence?.begin(),
      ),
    );
    owner.own(
      pumping(serial, io.stdout, (bytes) => {
        silence?.interrupt();
        return bytes;
      }),
    );
  });
}

function readInput(io: CliIo, serial: Duplex, terminal: boolean, leave: () => void, end: () => void): Disposable {
  const pump = pumping(io.stdin, serial, (bytes) => {
    const at = terminal ? bytes.indexOf(LEAVE) : -1;
    if (at < 0) return bytes;
    leave();
    return bytes.subarray(0, at);
  });
  const onEnd = terminal ? leave : end;
  io.stdin.on('end', onEnd);
  return {
    dispose: () => {
      pump.dispose();
      io.stdin.off('end', onEnd);
      io.stdin.pause();
    },
  };
}

type Source = NodeJS.ReadableStream;

/** Moves bytes from one stream to another at the speed of the slower; `pass` sees them first. */
function pumping(from: Source, to: NodeJS.WritableStream, pass: (bytes: Buffer) => Buffer): Disposable {
  const onData = (chunk: Buffer | string): void => {
    const bytes = pass(Buffer.from(chunk as Buffer));
    if (bytes.length === 0 || to.write(bytes)) return;
    from.pause();
    to.once('drain', onDrain);
  };
  const onDrain = (): unknown => from.resume();
  from.on('data', onData);
  return {
    dispose: () => {
      from.off('data', onData);
      to.off('drain', onDrain);
    },
  };
}

/** Runs from its beginning until nothing was heard for a while. */
class Silence implements Disposable {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly fell: () => void) {}

  begin(): void {
    this.timer = setTimeout(this.fell, SILENCE_MS);
  }

  interrupt(): void {
    this.timer?.refresh();
  }

  dispose(): void {
    clearTimeout(this.timer);
  }
}

/** Raw mode until disposed, or until the process ends in any way it can see. */
function rawTerminal(io: CliIo): Disposable {
  const restore = (): void => {
    io.stdin.setRawMode?.(false);
  };
  io.stdin.setRawMode?.(true);
  process.on('exit', restore);
  return {
    dispose: () => {
      restore();
      process.off('exit', restore);
      if (io.stdout.isTTY) io.stdout.write(TERMINAL_AS_USUAL);
    },
  };
}
