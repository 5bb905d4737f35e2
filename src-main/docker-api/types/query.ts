import { z } from 'zod';
import { Failure } from '../../base/failure.ts';

/** Docker's booleans in a query: anything but these is true. */
const FALSE = new Set(['', '0', 'no', 'false', 'none']);

const one = z.union([z.string(), z.array(z.string())]).transform((value) => (Array.isArray(value) ? value[0]! : value));

export const flag = one.optional().transform((value) => value !== undefined && !FALSE.has(value.trim().toLowerCase()));
export const flagByDefault = one
  .optional()
  .transform((value) => value === undefined || !FALSE.has(value.trim().toLowerCase()));
export const text = one.optional().transform((value) => value ?? '');
export const texts = z
  .union([z.string(), z.array(z.string())])
  .optional()
  .transform((value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]));

export const whole = one.optional().transform((value, context) => {
  if (value === undefined || value === '') return undefined;
  if (/^-?\d{1,15}$/.test(value)) return Number(value);
  context.addIssue({ code: 'custom', message: `'${value}' is not a whole number` });
  return z.NEVER;
});

/** `{"label": ["a=b"]}`, or as old clients say it, `{"label": {"a=b": true}}`. */
export type Filters = Readonly<Record<string, readonly string[]>>;

const filterValues = z.union([
  z.array(z.string()),
  z.record(z.string(), z.boolean()).transform((set) => Object.keys(set).filter((key) => set[key])),
]);

export const filters = one.optional().transform((value, context): Filters => {
  if (value === undefined || value === '') return {};
  const result = z.record(z.string(), filterValues).safeParse(tryParse(value));
  if (result.success) return result.data;
  context.addIssue({ code: 'custom', message: 'invalid filter' });
  return z.NEVER;
});

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Throws for a filter this list does not know, as Docker does. */
export function allowFilters(given: Filters, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Failure('usage', 'bad-filter', `invalid filter '${unknown}'`);
}

/** Seconds with a fraction, RFC 3339, or a Go duration back from now; in milliseconds since 1970. */
export function timeMs(value: string, nowMs: number): number | undefined {
  if (value === '' || value === '0') return undefined;
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const back = goDurationMs(value);
  if (back !== undefined) return nowMs - back;
  const at = Date.parse(/[zZ]$|[+-]\d\d:\d\d$/.test(value) ? value : `${value}Z`);
  if (!Number.isNaN(at)) return at;
  throw new Failure('usage', 'bad-time', `time '${value}': seconds, RFC 3339 or a duration like 10m is expected`);
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function goDurationMs(value: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(value)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    sum += Number(amount) * (UNIT_MS[unit as string] as number);
  }
  return sum;
}
