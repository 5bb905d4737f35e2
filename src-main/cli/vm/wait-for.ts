import { Failure } from '../../base/failure.ts';
import { quote } from '../../inventory/machine-name.ts';
import type { Fleet } from '../../vmm/client/fleet.ts';
import type { CliIo } from '../cli-io.ts';

const TAIL_BYTES = 16 * 1024;
const TAIL_LINES = 12;

/**
 * Settles once `text` is on the serial console, counting from the machine's start: the console's scrollback comes
 * first. Throws when time runs out (the machine runs on) or the machine ends, after printing what it said last.
 */
export async function awaitText(io: CliIo, fleet: Fleet, id: string, text: string, timeoutMs: number): Promise<void> {
  const seen = new Tail(Buffer.from(text));
  const serial = await fleet.console(id).catch(() => undefined);
  const outcome = await new Promise<'seen' | 'ended' | 'timeout'>((resolve) => {
    if (!serial) return resolve('ended');
    const timer = setTimeout(() => resolve('timeout'), timeoutMs);
    const ended = (): void => {
      clearTimeout(timer);
      resolve('ended');
    };
    serial.on('error', ended).on('end', ended).on('close', ended);
    serial.on('data', (bytes: Buffer) => {
      if (!seen.add(bytes)) return;
      clearTimeout(timer);
      resolve('seen');
    });
  });
  serial?.destroy();
  if (outcome === 'seen') return;
  await printTail(io, seen.lastLines());
  const { name, reason } = outcome === 'ended' ? await fleet.wait(id) : await fleet.summary(id);
  throw outcome === 'ended' ? endedWithout(name, text, reason) : lateWithout(name, text, timeoutMs);
}

function endedWithout(name: string, text: string, reason: string | undefined): Failure {
  const why = reason === undefined ? '' : ` (${reason})`;
  const message = `machine ${quote(name)}: ended before ${quote(text)} appeared on its serial console${why}`;
  return new Failure('failed', 'ended-before-text', message);
}

function lateWithout(name: string, text: string, timeoutMs: number): Failure {
  const message = `machine ${quote(name)}: ${quote(text)} did not appear on its serial console in ${timeoutMs / 1000} s`;
  return new Failure('failed', 'text-timeout', message, {
    hint: 'the machine runs on: `bulkhead vm console` shows it, `bulkhead vm kill` ends it',
  });
}

async function printTail(io: CliIo, lines: readonly string[]): Promise<void> {
  for (const line of lines) io.stderr.write(`| ${line}\n`);
}

/** The end of a byte stream, watched for a text across its chunks. */
class Tail {
  private bytes = Buffer.alloc(0);

  constructor(private readonly text: Buffer) {}

  /** Whether the text has appeared with these bytes. */
  add(chunk: Buffer): boolean {
    const overlap = Math.min(this.bytes.length, this.text.length - 1);
    const from = this.bytes.length - overlap;
    this.bytes = Buffer.concat([this.bytes, chunk]);
    const found = this.bytes.indexOf(this.text, from) >= 0;
    if (this.bytes.length > TAIL_BYTES) this.bytes = this.bytes.subarray(-Math.max(TAIL_BYTES, this.text.length));
    return found;
  }

  /** For showing: without escape sequences and other control characters. */
  lastLines(): string[] {
    const plain = this.bytes
      .toString('utf8')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: ECMA-48 escape sequences begin with one.
      .replace(/\x1b(\[[0-?]*[ -/]*[@-~]|.)/g, '')
      .replace(/[^\P{Cc}\n]/gu, '');
    return plain
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-TAIL_LINES);
  }
}
