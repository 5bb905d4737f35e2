import { en } from 'zod/locales';
import * as z from 'zod/mini';

// The small zod speaks no language until told to: complaints reach people through `describeIssues`.
z.config(en());

/** A kind of file whose shape changes over the years: the shape it has now, and how to get there from each before. */
export interface Lineage<T> {
  /** What the file describes, for messages: `machine`. */
  readonly noun: string;
  readonly version: number;
  readonly schema: z.ZodMiniType<T>;
  /** By the version they start from: turns a file of that version into one of the next. */
  readonly steps: Readonly<Record<number, (old: Record<string, unknown>) => Record<string, unknown>>>;
}

export type Versioned<T> = { readonly value: T } | { readonly broken: string };

/** The content of a file of this lineage, brought to the present version; or what is wrong with it, in one line. */
export function readVersioned<T>(text: string, lineage: Lineage<T>): Versioned<T> {
  const parsed = parseJsonObject(text);
  if ('broken' in parsed) return parsed;
  let content = parsed.value;
  if (!isVersion(content.version)) return { broken: 'it has no version' };
  let version = content.version;
  if (version > lineage.version) {
    return {
      broken: `made by a newer Bulkhead (${lineage.noun} version ${version}; this one knows ${lineage.version})`,
    };
  }
  for (; version < lineage.version; version++) {
    const step = lineage.steps[version];
    if (!step) return { broken: `${lineage.noun} version ${version} is unknown to this Bulkhead` };
    try {
      content = { ...step(content), version: version + 1 };
    } catch (error) {
      return { broken: `version ${version} could not be brought up to date: ${(error as Error).message}` };
    }
  }
  const result = lineage.schema.safeParse(content);
  return result.success ? { value: result.data } : { broken: describeIssues(result.error.issues) };
}

function isVersion(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** A schema's complaints as one line: `memoryMiB: too small`. */
export function describeIssues(issues: readonly { path: PropertyKey[]; message: string }[]): string {
  return issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`))
    .join('; ')
    .replace(/\s+/g, ' ');
}

function parseJsonObject(text: string): Versioned<Record<string, unknown>> {
  if (text.trim() === '') return { broken: 'it is empty' };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { broken: 'it is not a JSON object' };
    return { value: value as Record<string, unknown> };
  } catch (error) {
    return { broken: `it is not JSON: ${(error as Error).message.replace(/\s+/g, ' ')}` };
  }
}
