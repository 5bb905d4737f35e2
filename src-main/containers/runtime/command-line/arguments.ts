import { Failure } from '../../../base/failure.ts';

/** The flags a verb knows: `true` takes no value, `'one'` takes one, `'many'` may be given again. */
export type FlagTable = Readonly<Record<string, true | 'one' | 'many'>>;

export interface Arguments {
  readonly positional: readonly string[];
  has(flag: string): boolean;
  value(flag: string): string | undefined;
  values(flag: string): readonly string[];
}

/** One-letter names, as runc has them. */
const SHORT: Readonly<Record<string, string>> = {
  b: 'bundle',
  f: 'force',
  a: 'all',
  t: 'tty',
  e: 'env',
  u: 'user',
  d: 'detach',
  p: 'process',
  c: 'cap',
  g: 'additional-gids',
  q: 'quiet',
  r: 'resources',
  h: 'help',
  v: 'version',
};

/** Reads `--name value`, `--name=value`, `-x value`; what follows the first positional of `stopAfter` is left alone. */
export function parseArguments(
  argv: readonly string[],
  flags: FlagTable,
  stopAfter = Number.POSITIVE_INFINITY,
): Arguments {
  const given = new Map<string, string[]>();
  const positional: string[] = [];
  const rest = [...argv];
  while (rest.length > 0) {
    const word = rest.shift()!;
    if (word === '--' || positional.length >= stopAfter) {
      positional.push(...(word === '--' ? [] : [word]), ...rest);
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      positional.push(word);
      continue;
    }
    const [name, inline] = splitFlag(word);
    const kind = flags[name];
    if (kind === undefined) throw usage(`${word}: there is no such option`);
    const value = kind === true ? (inline ?? 'true') : (inline ?? rest.shift());
    if (value === undefined) throw usage(`--${name}: a value is missing`);
    given.set(name, [...(given.get(name) ?? []), value]);
  }
  return {
    positional,
    has: (flag) => given.has(flag) && given.get(flag)!.at(-1) !== 'false',
    value: (flag) => given.get(flag)?.at(-1),
    values: (flag) => given.get(flag) ?? [],
  };
}

function splitFlag(word: string): [string, string | undefined] {
  const bare = word.replace(/^--?/, '');
  const at = bare.indexOf('=');
  const name = at < 0 ? bare : bare.slice(0, at);
  return [
    !word.startsWith('--') && name.length === 1 ? (SHORT[name] ?? name) : name,
    at < 0 ? undefined : bare.slice(at + 1),
  ];
}

export function usage(message: string): Failure {
  return new Failure('usage', 'bad-arguments', message);
}

const SIGNAL_NUMBER = /^\d+$/;

/** `9`, `KILL` or `SIGKILL`, RTMIN+n too. */
export function parseSignal(text: string, signals: Readonly<Record<string, number>>): number {
  if (SIGNAL_NUMBER.test(text) && Number(text) <= 64) return Number(text);
  const name = text.toUpperCase().replace(/^(SIG)?/, 'SIG');
  const realTime = /^SIGRT(MIN|MAX)([+-]\d+)?$/.exec(name);
  if (realTime) return (realTime[1] === 'MIN' ? 34 : 64) + Number(realTime[2] ?? 0);
  const number = signals[name];
  if (number !== undefined) return number;
  throw usage(`signal ${text}: there is none of that name`);
}

/** `k`, `m`, `g` of 1024; -1 is no limit. */
export function parseBytes(flag: string, text: string): number {
  const match = /^(-1|\d+)([kmgt]?)(i?b)?$/i.exec(text);
  if (!match) throw usage(`--${flag} ${text}: a size is expected`);
  return Number(match[1]) * 1024 ** ['', 'k', 'm', 'g', 't'].indexOf(match[2]!.toLowerCase());
}

export function parseWhole(flag: string, text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw usage(`--${flag} ${text}: a whole number is expected`);
}
