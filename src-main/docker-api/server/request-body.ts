import type { Readable } from 'node:stream';
import type { z } from 'zod';
import { Failure } from '../../base/failure.ts';

/** Larger than any configuration a client sends; images and archives come as streams and have no limit here. */
const JSON_MAX = 4 << 20;

/** The JSON a request carries, checked by `schema`; an absent body is an empty object. */
export async function readJson<T>(input: Readable, schema: z.ZodType<T>): Promise<T> {
  const text = (await readAll(input, JSON_MAX)).toString('utf8').trim();
  return check(schema, text === '' ? {} : parse(text), 'request body');
}

async function readAll(input: Readable, max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // What is too much is refused: that needs the connection.
  for await (const chunk of input.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > max) throw new Failure('usage', 'body-too-large', `request body: more than ${max} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Failure('usage', 'bad-json', `request body: invalid JSON: ${(error as Error).message}`);
  }
}

/** `value` in the shape of `schema`; otherwise a usage failure that names what is wrong where. */
export function check<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const complaints = result.error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.map(String).join('.')}: ${message}`));
  throw new Failure('usage', 'bad-request', `${what}: ${complaints.join('; ')}`);
}

/** A query string as an object; a name given twice is a list. */
export function queryObject(params: URLSearchParams): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name);
    query[name] = values.length === 1 ? (values[0] as string) : values;
  }
  return query;
}
