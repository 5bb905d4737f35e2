/** A client of one repository in one registry: OCI distribution 1.1. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../base/failure.ts';
import { type Digest, digestMismatch, digestOf, isDigest } from '../store/digest.ts';
import { Authorizer, denied } from './authorizer.ts';
import { type Endpoint, findEndpoint } from './endpoint.ts';
import { exchange, type HttpAnswer, type HttpOrder, readBody } from './http-exchange.ts';
import type { RegistryAuth } from './registry-auth.ts';

const DOCUMENT_MAX = 8 << 20;
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 200;

export interface RegistryAccess {
  readonly auth?: RegistryAuth | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FetchedManifest {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
}

export type Action = 'pull' | 'pull,push';

export class RegistryClient {
  private constructor(
    private readonly endpoint: Endpoint,
    private readonly repository: string,
    private readonly action: Action,
    private readonly authorizer: Authorizer,
    private readonly signal: AbortSignal | undefined,
  ) {}

  static async connect(
    registry: string,
    repository: string,
    action: Action,
    access: RegistryAccess,
  ): Promise<RegistryClient> {
    const endpoint = await findEndpoint(registry, access.signal);
    const authorizer = new Authorizer(access.auth ?? {}, { insecure: endpoint.insecure });
    return new RegistryClient(endpoint, repository, action, authorizer, access.signal);
  }

  /** §Pulling Manifests. The bytes are what the digest says, asked for by digest or not. */
  async manifest(tagOrDigest: string, accept: readonly string[]): Promise<FetchedManifest> {
    const answer = await this.ask('GET', `manifests/${tagOrDigest}`, { headers: { accept: accept.join(', ') } });
    if (answer.status === 404) throw this.notThere(answer, tagOrDigest);
    const bytes = await this.expect(answer, [200]);
    const digest = digestOf(bytes);
    const announced = answer.headers['docker-content-digest'];
    const wanted = isDigest(tagOrDigest)
      ? tagOrDigest
      : typeof announced === 'string' && isDigest(announced)
        ? announced
        : digest;
    if (wanted !== digest) throw digestMismatch(wanted, digest);
    return { mediaType: (answer.headers['content-type'] ?? '').split(';')[0]!.trim(), digest, bytes };
  }

  /** §Pulling Blobs: its bytes from `offset` on. */
  async *blob(digest: Digest, offset: number): AsyncGenerator<Buffer> {
    const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
    const answer = await this.ask('GET', `blobs/${digest}`, { headers });
    if (answer.status !== 200 && answer.status !== 206) await this.expect(answer, [200, 206]);
    // A registry that knows no ranges sends all of it.
    let skip = answer.status === 200 ? offset : 0;
    try {
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        if (skip < chunk.length) yield skip > 0 ? chunk.subarray(skip) : chunk;
        skip = Math.max(0, skip - chunk.length);
      }
    } catch (error) {
      throw this.signal?.aborted ? this.signal.reason : this.cut(error);
    }
  }

  async hasBlob(digest: Digest): Promise<boolean> {
    const answer = await this.ask('HEAD', `blobs/${digest}`);
    answer.body.resume();
    if (answer.status === 200 || answer.status === 404) return answer.status === 200;
    throw await this.refusal(answer);
  }

  /** One request, authorized, and repeated while the registry only has a bad moment. */
  async ask(
    method: HttpOrder['method'],
    path: string | URL,
    { headers = {}, body }: { headers?: Record<string, string>; body?: () => HttpOrder['body'] } = {},
  ): Promise<HttpAnswer> {
    const url = path instanceof URL ? path : new URL(`/v2/${this.repository}/${path}`, this.endpoint.url);
    const scope = `repository:${this.repository}:${this.action}`;
    for (let attempt = 1, answered = 0; ; ) {
      // An upload's address may be on another host, which the token is not for.
      const known = url.host === this.endpoint.url.host ? this.authorizer.known(scope) : undefined;
      const sent = body?.();
      const order: HttpOrder = {
        method,
        url,
        headers: { ...headers, ...(known === undefined ? {} : { authorization: known }) },
        ...(sent === undefined ? {} : { body: sent }),
        signal: this.signal,
        anyCertificate: this.endpoint.insecure,
      };
      const answer = await this.trying(order, attempt);
      if (answer?.status === 401 && answered++ < 2) {
        answer.body.resume();
        if (await this.authorizer.answer(answer.headers['www-authenticate'], scope, this.signal)) continue;
        throw denied(`${this.endpoint.url.host}/${this.repository}`);
      }
      if (answer) return answer;
      await sleep(FIRST_PAUSE_MS * 2 ** attempt++, undefined, this.signal ? { signal: this.signal } : {});
    }
  }

  /** The answer; undefined when it is worth another attempt. */
  private async trying(order: HttpOrder, attempt: number): Promise<HttpAnswer | undefined> {
    try {
      const answer = await exchange(order);
      const passing = answer.status >= 500 || answer.status === 429 || answer.status === 408;
      if (!passing || attempt >= ATTEMPTS) return answer;
      answer.body.destroy();
    } catch (error) {
      const passing = error instanceof Failure && error.code === 'registry-unreachable' && !isHopeless(error);
      if (this.signal?.aborted || !passing || attempt >= ATTEMPTS) throw error;
    }
    return undefined;
  }

  /** The body of an answer with one of these statuses; anything else is thrown, in the registry's words. */
  async expect(answer: HttpAnswer, statuses: readonly number[]): Promise<Buffer> {
    if (!statuses.includes(answer.status)) throw await this.refusal(answer);
    return readBody(answer, DOCUMENT_MAX);
  }

  private async refusal(answer: HttpAnswer): Promise<Failure> {
    const where = `${this.endpoint.url.host}/${this.repository}`;
    const words = registryWords(await readBody(answer, DOCUMENT_MAX).catch(() => Buffer.alloc(0)));
    if (answer.status === 401 || answer.status === 403) return denied(where);
    if (answer.status === 404) return this.notThere(answer, '');
    return new Failure('failed', 'registry-answer', `${where}: the registry answers ${answer.status}${words}`, {
      ...(answer.status === 429 ? { hint: 'it limits how often one may ask: log in, or try again later' } : {}),
      facts: { status: answer.status },
    });
  }

  private notThere(answer: HttpAnswer, what: string): Failure {
    answer.body.resume();
    const name = `${this.endpoint.name}/${this.repository}`;
    const whole = what === '' ? name : `${name}${isDigest(what) ? '@' : ':'}${what}`;
    return new Failure('not-found', 'no-such-image', `${whole}: is not in the registry`, {
      hint: 'check name and tag; if it is private, log in first',
    });
  }

  private cut(error: unknown): Failure {
    const { message } = error as Error;
    return new Failure('failed', 'transfer-cut', `${this.endpoint.url.host}: the transfer broke off: ${message}`, {
      cause: error,
    });
  }
}

/** No name, no such host, a bad certificate: the same the next time. */
function isHopeless({ facts }: Failure): boolean {
  return !['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', null].includes(facts.errno as string | null);
}

/** OCI distribution 1.1 §Error Codes. */
function registryWords(body: Buffer): string {
  try {
    const { errors } = JSON.parse(body.toString()) as { errors: { code?: unknown; message?: unknown }[] };
    const text = errors.map(({ code, message }) => `${message ?? code}`).join('; ');
    return text === '' ? '' : `: ${text.replace(/\s+/g, ' ').slice(0, 300)}`;
  } catch {
    return '';
  }
}
