/** Named values of a log line. */
export type LogFacts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One line of JSON on stderr, which a VM host's starter directs to `logs/host.log`. */
export function log(level: 'info' | 'warn' | 'error', event: string, facts: LogFacts = {}): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...facts })}\n`);
}
