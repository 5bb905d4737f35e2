/** A difference between two kernel logs that is meant to be there. */
export interface NamedDifference {
  readonly name: string;
  readonly why: string;
  /** Of a whole line, without its timestamp. */
  readonly line: RegExp;
}

/** The kernel's lines of a serial log, without timestamps and with addresses that KASLR draws anew made alike. */
export function kernelLines(serialLog: string): string[] {
  return serialLog
    .replaceAll('\r', '')
    .split('\n')
    .filter((line) => /^\[ *\d+\.\d+\] /.test(line))
    .map((line) => line.replace(/^\[ *\d+\.\d+\] /, '').trimEnd())
    .map((line) => line.replace(/\bffff[0-9a-f]{12}\b/g, '<kernel address>'));
}

/** The lines that one log has and the other has not (as often), in the order of each. */
export function onlyIn(log: readonly string[], other: readonly string[]): string[] {
  const count = new Map<string, number>();
  for (const line of other) count.set(line, (count.get(line) ?? 0) + 1);
  return log.filter((line) => {
    const left = count.get(line) ?? 0;
    count.set(line, left - 1);
    return left <= 0;
  });
}

/** Lines of a difference that no name covers. */
export function unnamed(lines: readonly string[], names: readonly NamedDifference[]): string[] {
  return lines.filter((line) => !names.some((difference) => difference.line.test(line)));
}
