import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../base/failure.ts';
import { callInsecureHint } from './insecure-registries.ts';
import { authorityPath, keptCertificates } from './kept-certificates.ts';

export interface HttpOrder {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable;
  readonly signal?: AbortSignal | undefined;
  /** Takes any certificate: for a registry the user has called insecure. */
  readonly anyCertificate?: boolean;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read or destroyed. */
  readonly body: IncomingMessage;
  /** After redirections. */
  readonly url: URL;
}

const REDIRECTS_MAX = 5;
const REDIRECTING = [301, 302, 303, 307, 308];
/** A registry that says nothing for so long is gone. */
const SILENCE_MS = 60_000;

/** What OpenSSL and BoringSSL call an answer that is none of TLS's, as one of plain HTTP. */
const NO_TLS = /wrong.version.number|packet.length.too.long|http.request/i;

/** Codes of node:tls for a certificate that nobody vouches for whom we know. */
const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** One exchange; redirections of GET and HEAD are followed, and credentials do not go along to another host. */
export async function exchange(order: HttpOrder): Promise<HttpAnswer> {
  let { url, headers = {} } = order;
  for (let redirects = 0; ; redirects++) {
    const answer = await once({ ...order, url, headers });
    const { location } = answer.headers;
    const follows = (order.method === 'GET' || order.method === 'HEAD') && REDIRECTING.includes(answer.status);
    if (!follows || location === undefined) return answer;
    answer.body.destroy();
    if (redirects === REDIRECTS_MAX)
      throw new Failure('failed', 'registry-loops', `${url.host}: redirects in a circle`);
    const next = new URL(location, url);
    if (url.protocol === 'https:' && next.protocol !== 'https:') {
      throw new Failure('failed', 'registry-insecure', `${url.host}: redirects to an insecure address`);
    }
    if (next.host !== url.host) {
      const { authorization: _, ...rest } = headers;
      headers = rest;
    }
    url = next;
  }
}

function once({ method, url, headers = {}, body, signal, anyCertificate }: HttpOrder): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const length = body instanceof Uint8Array ? { 'content-length': String(body.length) } : {};
    const fail = (error: unknown): void => reject(signal?.aborted ? signal.reason : unreachable(url, error));
    const outgoing = start(url, {
      method,
      headers: { 'user-agent': 'bulkhead', ...length, ...headers },
      ...(url.protocol === 'https:' && { ...keptCertificates(url.host), rejectUnauthorized: !anyCertificate }),
      signal,
    });
    outgoing.setTimeout(SILENCE_MS, () => outgoing.destroy(new Error('no answer for a minute')));
    outgoing.once('error', fail);
    outgoing.once('response', (incoming) => {
      resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: incoming, url });
    });
    if (body === undefined || body instanceof Uint8Array) outgoing.end(body);
    else pipeline(body, outgoing).catch(fail);
  });
}

function unreachable(url: URL, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code = '', message } = error as NodeJS.ErrnoException;
  const plain = url.protocol === 'https:' && NO_TLS.test(message);
  const why = plain ? 'it does not speak TLS' : message || code;
  return new Failure('host', 'registry-unreachable', `${url.host}: cannot be reached: ${why}`, {
    hint: plain ? callInsecureHint(url.host) : unreachableHint(url.host, code),
    facts: { errno: code || null },
    cause: error,
  });
}

function unreachableHint(host: string, code: string): string {
  if (UNKNOWN_AUTHORITY.has(code)) {
    return `if you trust it: put the certificate of whoever vouches for it at ${authorityPath(host)}`;
  }
  return 'check the name and the network';
}

/** The whole body, which must not be longer than `max`. */
export async function readBody({ body, url }: HttpAnswer, max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > max) {
      body.destroy();
      throw new Failure('failed', 'registry-answer', `${url.host}: sends more than a document may have`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
