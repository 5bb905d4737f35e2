import type { CliIo, CliOutput } from './cli-io.ts';

/** ECMA-48 §8.3.117 SGR parameters. */
const COLOURS = { red: 31, green: 32, yellow: 33, cyan: 36, grey: 90, bold: 1 } as const;
export type Colour = keyof typeof COLOURS;

/** `text` in a colour where `output` is a terminal that wants any (no-color.org). */
export function paint(io: CliIo, output: CliOutput, colour: Colour, text: string): string {
  if (!output.isTTY || io.env.NO_COLOR || io.env.TERM === 'dumb') return text;
  return `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;
}

export interface Column<T> {
  readonly title: string;
  readonly align?: 'right';
  text(row: T): string;
  colour?(row: T): Colour | undefined;
}

/**
 * Rows as aligned columns under their titles, without trailing spaces; cut to the terminal's width, as far as it knows
 * it (a serial line says 0).
 */
export function table<T>(io: CliIo, rows: readonly T[], columns: readonly Column<T>[]): string {
  const cells = rows.map((row) => columns.map((column) => column.text(row)));
  const widths = columns.map(({ title }, i) => Math.max(width(title), ...cells.map((row) => width(row[i]!))));
  const room = io.stdout.isTTY ? io.stdout.columns || 80 : Number.POSITIVE_INFINITY;
  const lines = [columns.map(({ title }) => title), ...cells].map((texts, line) => {
    let left = room;
    return texts
      .map((text, i) => {
        const last = i === columns.length - 1;
        const padded = pad(cut(text, left), last ? 0 : widths[i]!, columns[i]!.align);
        left = Math.max(0, left - widths[i]! - 2);
        const colour = line === 0 ? 'grey' : columns[i]!.colour?.(rows[line - 1]!);
        return colour === undefined ? padded : padded.replace(text, (part) => paint(io, io.stdout, colour, part));
      })
      .join('  ')
      .trimEnd();
  });
  return `${lines.join('\n')}\n`;
}

/** `name: value` lines with the values aligned. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  const longest = Math.max(...rows.map(([name]) => width(name)));
  return rows.map(([name, value]) => `${pad(`${name}:`, longest + 1)} ${value}\n`).join('');
}

export function mebibytes(memoryMiB: number): string {
  return memoryMiB >= 1024 && memoryMiB % 512 === 0 ? `${memoryMiB / 1024} GiB` : `${memoryMiB} MiB`;
}

function pad(text: string, to: number, align?: 'right'): string {
  const space = ' '.repeat(Math.max(0, to - width(text)));
  return align === 'right' ? space + text : text + space;
}

function cut(text: string, room: number): string {
  return width(text) <= room ? text : `${[...text].slice(0, Math.max(0, room - 1)).join('')}…`;
}

function width(text: string): number {
  return [...text].length;
}
