/** A log as a person reads it: without terminal escape sequences (ECMA-48 §5.4) and other control characters. */
export function plainText(log: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is to be found
  const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-_0-9=>])/g;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
  const controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;
  return log
    .replace(escapes, '')
    .replaceAll(/\r*\n\r*/g, '\n')
    .replaceAll('\r', '\n')
    .replace(controls, '');
}

export interface LogPart {
  text: string;
  match: boolean;
}

const mostMatches = 2000;

/** The log in pieces that match what is searched, without regard to case, and pieces that do not. */
export function searched(log: string, term: string): { parts: LogPart[]; matches: number } {
  if (term === '') return { parts: [{ text: log, match: false }], matches: 0 };
  const parts: LogPart[] = [];
  const haystack = log.toLowerCase();
  const needle = term.toLowerCase();
  let from = 0;
  let matches = 0;
  for (let at = haystack.indexOf(needle); at >= 0 && matches < mostMatches; at = haystack.indexOf(needle, from)) {
    if (at > from) parts.push({ text: log.slice(from, at), match: false });
    parts.push({ text: log.slice(at, at + term.length), match: true });
    from = at + term.length;
    matches += 1;
  }
  if (from < log.length) parts.push({ text: log.slice(from), match: false });
  return { parts, matches };
}
