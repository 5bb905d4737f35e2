/** Proves to a registry who asks: distribution's token authentication (docs/spec/auth/token, oauth) or Basic. */
import { Failure } from '../../base/failure.ts';
import { parseChallenge } from './challenge.ts';
import { exchange, type HttpOrder, readBody } from './http-exchange.ts';
import type { RegistryAuth } from './registry-auth.ts';

const ANSWER_MAX = 1 << 20;
/** distribution auth/token: a token without expires_in is good for a minute. */
const TOKEN_S = 60;
const MARGIN_MS = 10_000;

export interface Security {
  /** Whether credentials may go over plain HTTP, and any certificate is good. */
  readonly insecure: boolean;
}

/** One registry's authorizations. Nothing in here is ever logged or part of a message. */
export class Authorizer {
  private readonly tokens = new Map<string, { header: string; until: number }>();
  private basic: string | undefined;

  constructor(
    private readonly auth: RegistryAuth,
    private readonly security: Security,
  ) {}

  /** The Authorization header for what is to be done (`repository:a/b:pull`, or nothing), as far as one is known. */
  known(scope: string): string | undefined {
    if (this.auth.registryToken) return `Bearer ${this.auth.registryToken}`;
    const token = this.tokens.get(scope);
    if (token && token.until > performance.now()) return token.header;
    return this.basic;
  }

  /** Answers a 401; whether there is something new to try. */
  async answer(challenge: string | undefined, scope: string, signal: AbortSignal | undefined): Promise<boolean> {
    const parsed = parseChallenge(challenge);
    if (parsed?.scheme === 'basic') {
      const header = this.basicHeader();
      if (header === undefined || this.basic === header) return false;
      this.basic = header;
      return true;
    }
    if (parsed?.scheme !== 'bearer' || parsed.parameters.realm === undefined) return false;
    const tried = this.tokens.get(scope);
    if (tried && tried.until > performance.now()) return false;
    this.tokens.set(scope, await this.fetchToken(parsed.parameters, scope, signal));
    return true;
  }

  private async fetchToken(
    parameters: Readonly<Record<string, string>>,
    scope: string,
    signal: AbortSignal | undefined,
  ): Promise<{ header: string; until: number }> {
    const answer = await exchange({
      ...this.tokenOrder(parameters, scope),
      signal,
      anyCertificate: this.security.insecure,
    });
    const body = await readBody(answer, ANSWER_MAX);
    if (answer.status === 401 || answer.status === 403) throw denied(answer.url.host);
    const parsed = answer.status === 200 ? parseToken(body.toString()) : undefined;
    if (!parsed)
      throw new Failure('failed', 'registry-answer', `${answer.url.host}: gives no token (${answer.status})`);
    const lifeMs = Math.max(parsed.seconds, TOKEN_S) * 1000 - MARGIN_MS;
    return { header: `Bearer ${parsed.token}`, until: performance.now() + lifeMs };
  }

  private tokenOrder(parameters: Readonly<Record<string, string>>, scope: string): HttpOrder {
    const url = this.realm(parameters.realm!);
    const service = parameters.service ?? '';
    if (this.auth.identityToken) {
      const form = new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: this.auth.identityToken,
        client_id: 'bulkhead',
        service,
        scope,
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return { method: 'POST', url, headers, body: Buffer.from(form.toString()) };
    }
    if (service !== '') url.searchParams.set('service', service);
    if (scope !== '') url.searchParams.set('scope', scope);
    const basic = this.basicHeader();
    if (basic !== undefined) url.searchParams.set('account', this.auth.username!);
    return { method: 'GET', url, headers: basic === undefined ? {} : { authorization: basic } };
  }

  private realm(text: string): URL {
    const url = URL.parse(text);
    if (url?.protocol === 'https:' || (url?.protocol === 'http:' && this.security.insecure)) return url;
    throw new Failure('failed', 'registry-insecure', 'registry: sends us for a token to an insecure address');
  }

  private basicHeader(): string | undefined {
    const { username, password } = this.auth;
    if (!username) return undefined;
    return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
  }
}

function parseToken(text: string): { token: string; seconds: number } | undefined {
  try {
    const { token, access_token, expires_in } = JSON.parse(text) as Record<string, unknown>;
    const found = token ?? access_token;
    if (typeof found !== 'string' || !/^[\x21-\x7e]+$/.test(found)) return undefined;
    return { token: found, seconds: typeof expires_in === 'number' ? expires_in : TOKEN_S };
  } catch {
    return undefined;
  }
}

export function denied(what: string): Failure {
  return new Failure('failed', 'registry-denied', `${what}: access is denied`, {
    hint: 'log in, or check that the image exists and is yours to see',
  });
}
