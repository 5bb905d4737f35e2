import { Failure } from '../base/failure.ts';
import { BOOT_DEVICES } from '../inventory/machine-hardware.ts';
import { quote } from '../inventory/machine-name.ts';

/** For options that may be given several times. */
export function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** `name=value`s by their names. */
export function pairs(texts: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(texts.map((text) => text.split(/=(.*)/s, 2)).map(([key = '', value = '']) => [key, value]));
}

const UNITS: Record<string, number> = { '': 1, m: 1, g: 1024, t: 1024 * 1024 };

/** `512M`, `2G`, `1.5GiB`; a number alone is MiB. */
export function parseMemoryMiB(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([mgt]?)(?:i?b)?$/i.exec(text.trim());
  const value = match ? Number(match[1]) * UNITS[match[2]!.toLowerCase()]! : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new Failure('usage', 'bad-memory', `memory ${quote(text)}: a size like 512M or 2G is expected`);
}

const BYTES: Record<string, number> = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `10G`, `1.5TiB`, `512b`: the size of a disk in bytes, a whole number of sectors. */
export function parseDiskBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(?:i?b)?|(b))$/i.exec(text.trim());
  const value = match ? Number(match[1]) * BYTES[(match[2] ?? match[3])!.toLowerCase()]! : Number.NaN;
  if (Number.isSafeInteger(value) && value > 0 && value % 512 === 0) return value;
  throw new Failure('usage', 'bad-size', `size ${quote(text)}: a size like 512M or 20G is expected`);
}

export function parseCount(what: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new Failure('usage', 'bad-number', `${what} ${quote(text)}: a whole number is expected`);
}

/** `2x2x2`: sockets × cores of each × threads of each. */
export function parseTopology(text: string): { sockets: number; cores: number; threads: number } {
  const [, sockets, cores, threads] = /^([1-9]\d?)[x×]([1-9]\d?)[x×]([1-9]\d?)$/.exec(text) ?? [];
  if (threads !== undefined) return { sockets: Number(sockets), cores: Number(cores), threads: Number(threads) };
  throw new Failure('usage', 'bad-topology', `topology ${quote(text)}: SOCKETSxCORESxTHREADS is expected, as 1x4x2`);
}

/** Seconds, with fractions; in milliseconds. */
export function parseSeconds(what: string, text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Number.NaN;
  // setTimeout holds 31 bits of milliseconds.
  if (value > 0 && value < 2 ** 31) return value;
  throw new Failure('usage', 'bad-number', `${what} ${quote(text)}: a number of seconds is expected`);
}

/** `cdrom,disk`: what the firmware tries, one after another. */
export function parseBootOrder(text: string): (typeof BOOT_DEVICES)[number][] {
  const order = text.split(',').map((name) => BOOT_DEVICES.find((device) => device === name.trim()));
  const known = order.filter((device) => device !== undefined);
  if (known.length === order.length && new Set(known).size === known.length) return known;
  throw new Failure(
    'usage',
    'bad-boot-order',
    `boot order ${quote(text)}: ${BOOT_DEVICES.join(', ')}, each once, are expected`,
  );
}

export function parseSwitch(what: string, text: string): boolean {
  if (/^(on|yes|true|1)$/i.test(text)) return true;
  if (/^(off|no|false|0)$/i.test(text)) return false;
  throw new Failure('usage', 'bad-switch', `${what} ${quote(text)}: on or off is expected`);
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', e: '\x1b', '\\': '\\' };

/** What `vm send` types: UTF-8, with \n \r \t \e \\ and \xNN (one byte) written out. */
export function unescapeText(text: string): Buffer {
  const parts: Buffer[] = [];
  const pattern = /\\(?:x([0-9a-fA-F]{2})|([nrte\\]))|\\(.?)|[^\\]+/gsu;
  for (const [plain, hex, letter, unknown] of text.matchAll(pattern)) {
    if (hex !== undefined) parts.push(Buffer.from([Number.parseInt(hex, 16)]));
    else if (letter !== undefined) parts.push(Buffer.from(ESCAPES[letter]!));
    else if (unknown === undefined) parts.push(Buffer.from(plain));
    else throw badEscape(unknown);
  }
  return Buffer.concat(parts);
}

function badEscape(what: string): Failure {
  const message = `text: ${what === '' ? 'a backslash at its end' : `\\${what}`} means nothing`;
  return new Failure('usage', 'bad-escape', message, {
    hint: 'known are \\n \\r \\t \\e \\xNN, and \\\\ for a backslash',
  });
}
