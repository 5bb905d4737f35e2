import type { Duplex, Readable, Writable } from 'node:stream';
import type { z } from 'zod';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

/** A request as a route sees it: path variables decoded, query and body checked by the route's own schemas. */
export interface ApiRequest<Q, B> {
  readonly path: Readonly<Record<string, string>>;
  readonly query: Q;
  readonly body: B;
  /** The body's bytes, for routes that take a stream; ended for those that take JSON. */
  readonly input: Readable;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Fires when the client goes away before its answer is complete. */
  readonly gone: AbortSignal;
  /** `[1, 41]`: the API version the client asked for. */
  readonly version: ApiVersion;
}

export type ApiVersion = readonly [major: number, minor: number];

/** What a route answers. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly value: unknown }
  | { readonly kind: 'text'; readonly status: number; readonly text: string }
  | { readonly kind: 'empty'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /**
   * Written until `write` settles. An error before the first byte is an ordinary error answer, unless the client is to
   * hear at once (`eager`) that its request is served.
   */
  | {
      readonly kind: 'stream';
      readonly contentType: string;
      readonly eager?: boolean;
      readonly headers?: Readonly<Record<string, string>>;
      write(out: Writable): Promise<void>;
    }
  /** The connection becomes a raw byte stream both ways (Docker API 1.47 ContainerAttach, "Hijacking"). */
  | { readonly kind: 'hijack'; readonly contentType: string; talk(peer: Duplex): Promise<void> };

export interface Route {
  readonly method: Method;
  /** `/containers/{id}/json`; `{name...}` takes slashes too. */
  readonly path: string;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  run(request: ApiRequest<never, never>): Promise<Answer> | Answer;
}

interface Shape<Q, B> {
  readonly query?: z.ZodType<Q>;
  readonly body?: z.ZodType<B>;
}

/** One line of a route table. */
export function route<Q = undefined, B = undefined>(
  method: Method,
  path: string,
  shape: Shape<Q, B>,
  run: (request: ApiRequest<Q, B>) => Promise<Answer> | Answer,
): Route {
  return { method, path, ...shape, run } as Route;
}

export const json = (value: unknown, status = 200): Answer => ({ kind: 'json', status, value });
export const done = (): Answer => ({ kind: 'empty', status: 204 });
