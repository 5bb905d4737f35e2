import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { Failure, type FailureClass } from '../../base/failure.ts';
import { FAILURE_CLASS_HEADER } from '../server/failure-status.ts';
import { API_VERSION } from '../server/router.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Ask {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly upload?: Readable;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** A client of the Docker Engine API over a unix socket. An error answer is thrown as a `Failure` of the matching class. */
export class EngineClient {
  constructor(private readonly socket: string) {}

  /** The answer's JSON; undefined where there is none. */
  async json<T = unknown>(method: string, path: string, ask: Ask = {}): Promise<T> {
    const text = await bodyText(await this.stream(method, path, ask));
    return (text.trim() === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The answer's body, as it comes. */
  async stream(method: string, path: string, ask: Ask = {}): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const json = ask.body === undefined ? undefined : Buffer.from(JSON.stringify(ask.body));
      const type = ask.contentType ?? (json ? 'application/json' : undefined);
      const sent = httpRequest({
        socketPath: this.socket,
        // One kept for the next request would be an engine's that may have been restarted meanwhile.
        agent: false,
        method,
        path: pathOf(path, ask.query),
        headers: {
          ...(type === undefined ? {} : { 'Content-Type': type }),
          ...(json === undefined ? {} : { 'Content-Length': json.length }),
          ...ask.headers,
        },
        ...(ask.signal === undefined ? {} : { signal: ask.signal }),
      });
      sent.on('response', resolve);
      sent.on('error', (error) => reject(unreachable(error)));
      if (ask.upload === undefined) sent.end(json);
      else ask.upload.on('error', (error) => sent.destroy(error)).pipe(sent);
    });
    const status = response.statusCode ?? 0;
    if (status >= 400) throw failureOf(response, await bodyText(response));
    return response;
  }

  /** Each JSON document of a streamed answer. */
  async *lines<T = unknown>(method: string, path: string, ask: Ask = {}): AsyncGenerator<T> {
    const response = await this.stream(method, path, ask);
    let held = '';
    response.setEncoding('utf8');
    for await (const chunk of response) {
      const lines = (held + chunk).split('\n');
      held = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    }
    if (held.trim() !== '') yield JSON.parse(held) as T;
  }

  /** Turns the connection into a byte stream both ways. */
  hijack(path: string, ask: Ask = {}): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const json = Buffer.from(JSON.stringify(ask.body ?? {}));
      const sent = httpRequest({
        socketPath: this.socket,
        method: 'POST',
        path: pathOf(path, ask.query),
        headers: {
          Connection: 'Upgrade',
          Upgrade: 'tcp',
          'Content-Type': 'application/json',
          'Content-Length': json.length,
        },
      });
      sent.on('upgrade', (_response, socket, head) => {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      sent.on('response', (response) => {
        bodyText(response).then((text) => reject(failureOf(response, text)), reject);
      });
      sent.on('error', (error) => reject(unreachable(error)));
      sent.end(json);
    });
  }
}

function pathOf(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return `/v${API_VERSION}${path}${params.size > 0 ? `?${params}` : ''}`;
}

async function bodyText(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

const CLASS: Readonly<Record<number, FailureClass>> = { 400: 'usage', 404: 'not-found', 409: 'state', 501: 'usage' };

function failureOf({ statusCode: status = 0, headers }: IncomingMessage, text: string): Failure {
  let message = text.trim();
  try {
    message = String((JSON.parse(text) as { message?: unknown }).message ?? message);
  } catch {
    // Not ours to read: shown as it came.
  }
  const hostLacks = headers[FAILURE_CLASS_HEADER] === 'host';
  return new Failure(
    hostLacks ? 'host' : (CLASS[status] ?? 'failed'),
    `engine-${status}`,
    message || `engine: HTTP status ${status}`,
    {
      facts: { status },
    },
  );
}

function unreachable(error: NodeJS.ErrnoException): Error {
  if (error.name === 'AbortError') return error;
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new Failure('host', 'no-engine', 'engine: it does not run', { hint: '`bulkhead engine serve` starts it' });
  }
  return new Failure('failed', 'engine-connection', `engine: the connection broke: ${error.message}`, { cause: error });
}
