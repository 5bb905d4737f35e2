/** One line, or 16 KiB of a longer one, as the json-file driver keeps it: Docker's `json-file` log, one JSON object per line. */
export interface LogEntry {
  readonly output: 'stdout' | 'stderr';
  /** With its newline, unless more of the line follows. */
  readonly text: string;
  /** RFC 3339 with nine digits of a second. */
  readonly time: string;
}

export function encodeEntry({ output, text, time }: LogEntry): string {
  return `${JSON.stringify({ log: text, stream: output, time })}\n`;
}

/** undefined for what a crash left half written. */
export function decodeEntry(line: string): LogEntry | undefined {
  try {
    const { log, stream, time } = JSON.parse(line) as { log: unknown; stream: unknown; time: unknown };
    if (typeof log !== 'string' || typeof time !== 'string') return undefined;
    return { text: log, output: stream === 'stderr' ? 'stderr' : 'stdout', time };
  } catch {
    return undefined;
  }
}

/** `wallMs`, milliseconds with a fraction since 1970, as RFC 3339 with nanoseconds. */
export function rfc3339Nano(wallMs: number): string {
  const whole = Math.floor(wallMs);
  const nanos = Math.round((wallMs - whole) * 1e6) % 1_000_000;
  return `${new Date(whole).toISOString().slice(0, -1)}${String(nanos).padStart(6, '0')}Z`;
}

/** The moment an entry was written, in milliseconds since 1970. */
export function timeOf(entry: LogEntry): number {
  const fraction = /\.(\d+)Z$/.exec(entry.time)?.[1] ?? '0';
  return Math.floor(Date.parse(entry.time) / 1000) * 1000 + Number(`0.${fraction}`) * 1000;
}
