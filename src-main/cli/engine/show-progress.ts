import { Failure } from '../../base/failure.ts';
import { type CliIo, printLine } from '../cli-io.ts';

interface ProgressLine {
  readonly status?: string;
  readonly stream?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
}

/** Shows the progress of a pull, push or load on stderr: bars on a terminal, else each step once. Throws what went wrong. */
export async function showProgress(io: CliIo, lines: AsyncIterable<unknown>): Promise<void> {
  const rows: string[] = [];
  let drawn = 0;
  for await (const line of lines as AsyncIterable<ProgressLine>) {
    if (line.error !== undefined) throw new Failure('failed', 'transfer-failed', line.error);
    const text = (line.stream ?? line.status ?? '').trim();
    if (text === '') continue;
    if (!io.stderr.isTTY) {
      if (line.progressDetail?.current === undefined)
        await printLine(io.stderr, line.id ? `${line.id}: ${text}` : text);
      continue;
    }
    const id = line.id ?? `\0${rows.length}`;
    const at = rows.indexOf(id);
    if (at < 0) {
      rows.push(id);
      io.stderr.write(`${rowText(line, text)}\x1b[K\n`);
      drawn++;
    } else {
      const up = drawn - at;
      io.stderr.write(`\x1b[${up}A\r${rowText(line, text)}\x1b[K\x1b[${up}B\r`);
    }
  }
}

const BAR = 24;

function rowText({ id, progressDetail }: ProgressLine, text: string): string {
  const { current, total } = progressDetail ?? {};
  const name = id === undefined ? '' : `${id}: `;
  if (current === undefined || !total) return `${name}${text}`;
  const full = Math.min(BAR, Math.round((current / total) * BAR));
  return `${name}${text.padEnd(12)} ${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${spokenBytes(current)} / ${spokenBytes(total)}`;
}

export function spokenBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = -1;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value >= 100 ? value.toFixed(0) : value.toPrecision(3)} ${units[unit]}`;
}
