import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import type { Disposable } from '../../base/disposable.ts';
import { asFailure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import { bodyOfUpgrade } from './body-of-upgrade.ts';
import { errorAnswer, FAILURE_CLASS_HEADER } from './failure-status.ts';
import { check, queryObject, readJson } from './request-body.ts';
import type { Answer, ApiRequest, Route } from './route.ts';
import { API_VERSION, Router } from './router.ts';

/** A client that sends its headers slower than this is none. */
const HEADERS_MS = 20_000;
/** Between requests of one connection. */
const IDLE_MS = 60_000;
const MAX_CONNECTIONS = 1024;
const MAX_HEADER_BYTES = 32 * 1024;
/** What is taken of a request that has its refusal already. */
const REST_MAX = 64 << 20;
const REST_MS = 10_000;

export interface ServerIdentity {
  /** The engine's own version, for the `Server` header. */
  readonly version: string;
}

/** Serves a route table over HTTP/1.1 on a socket it is given. Whatever a client does, only its own connection ends. */
export class ApiServer implements Disposable {
  readonly http: Server;
  private readonly router: Router;
  private readonly sockets = new Set<Socket>();

  constructor(
    routes: readonly Route[],
    private readonly identity: ServerIdentity,
  ) {
    this.router = new Router(routes);
    this.http = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_MS,
      // An image to load may take its time; what counts is that something arrives.
      requestTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: 5000,
    });
    this.http.maxConnections = MAX_CONNECTIONS;
    this.http.on('request', (request, response) => void this.serve(request, response, undefined));
    this.http.on('upgrade', (request, socket, head) => this.upgrade(request, socket as Socket, head));
    this.http.on('clientError', (error, socket) => refuseGarbage(error, socket));
    this.http.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  /** Takes no more connections and ends those there are. */
  dispose(): void {
    this.http.close();
    for (const socket of this.sockets) socket.destroy();
  }

  /** `Upgrade: tcp`: Node hands over the bare connection, body and all. */
  private upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const response = new ServerResponse(request);
    response.assignSocket(socket);
    const { body, rest } = bodyOfUpgrade(request, socket, head);
    void this.serve(request, response, { socket, body, rest });
  }

  private async serve(request: IncomingMessage, response: ServerResponse, upgraded?: Upgraded): Promise<void> {
    response.on('error', () => response.destroy());
    response.setHeader('Api-Version', API_VERSION);
    response.setHeader('Ostype', 'linux');
    response.setHeader('Docker-Experimental', 'false');
    response.setHeader('Server', `Bulkhead/${this.identity.version} (linux)`);
    try {
      const { answer, api } = await this.answer(request, response, upgraded);
      await deliver(answer, request, response, upgraded, api.gone);
    } catch (error) {
      fail(error, request, response, upgraded);
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse, upgraded?: Upgraded) {
    const url = new URL(request.url ?? '/', 'http://engine');
    const match = this.router.find(request.method ?? 'GET', url.pathname);
    if (match.kind === 'refused') throw new Refused(match.status, match.message);
    const { route, path, version } = match;
    const input: Readable = upgraded?.body ?? request;
    const body = route.body === undefined ? undefined : await readJson(input, route.body);
    const query =
      route.query === undefined ? undefined : check(route.query, queryObject(url.searchParams), 'request query');
    const gone = goneSignal(response, upgraded);
    const api: ApiRequest<unknown, unknown> = { path, query, body, input, headers: request.headers, gone, version };
    return { answer: await route.run(api as ApiRequest<never, never>), api };
  }
}

interface Upgraded {
  readonly socket: Socket;
  /** The request's own body. */
  readonly body: Readable;
  /** What follows it: the client's side of the raw stream. */
  readonly rest: () => Duplex;
}

class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

function goneSignal(response: ServerResponse, upgraded?: Upgraded): AbortSignal {
  const controller = new AbortController();
  const emitter = upgraded?.socket ?? response;
  emitter.on('close', () => controller.abort());
  return controller.signal;
}

async function deliver(
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
  upgraded: Upgraded | undefined,
  gone: AbortSignal,
): Promise<void> {
  if (answer.kind === 'hijack') return hijack(answer, request, response, upgraded, gone);
  if (upgraded) response.setHeader('Connection', 'close');
  if (answer.kind === 'stream') {
    response.setHeader('Content-Type', answer.contentType);
    for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
    if (answer.eager) response.flushHeaders();
    await answer.write(response);
    response.end();
  } else if (answer.kind === 'empty') {
    response.writeHead(answer.status, answer.headers).end();
  } else {
    const isText = answer.kind === 'text';
    const text = isText ? answer.text : `${JSON.stringify(answer.value)}\n`;
    send(request, response, answer.status, text, isText ? 'text/plain; charset=utf-8' : 'application/json');
  }
  if (upgraded) endWhenFlushed(response, upgraded.socket);
}

/** Docker API 1.47 ContainerAttach: `101 UPGRADED` to who asked for it, a bare 200 otherwise, then bytes both ways. */
async function hijack(
  answer: Answer & { kind: 'hijack' },
  request: IncomingMessage,
  response: ServerResponse,
  upgraded: Upgraded | undefined,
  gone: AbortSignal,
): Promise<void> {
  if (upgraded) {
    const { socket } = upgraded;
    response.detachSocket(socket);
    const lines = ['HTTP/1.1 101 UPGRADED', `Content-Type: ${answer.contentType}`];
    socket.write([...lines, 'Connection: Upgrade', 'Upgrade: tcp', '', ''].join('\r\n'));
    await talking(answer, upgraded.rest());
    socket.end();
    return;
  }
  response.setHeader('Content-Type', answer.contentType);
  response.setHeader('Connection', 'close');
  response.useChunkedEncodingByDefault = false;
  response.writeHead(200);
  response.flushHeaders();
  const { BareExchange } = await import('./bare-exchange.ts');
  await talking(answer, new BareExchange(request, response));
  if (!gone.aborted) response.end();
}

async function talking(answer: Answer & { kind: 'hijack' }, peer: Duplex): Promise<void> {
  peer.on('error', () => peer.destroy());
  try {
    await answer.talk(peer);
  } catch (error) {
    log('warn', 'stream-failed', { why: asFailure(error).message });
  }
}

function fail(error: unknown, request: IncomingMessage, response: ServerResponse, upgraded?: Upgraded): void {
  const answer = error instanceof Refused ? error : errorAnswer(error);
  const { status, message } = answer;
  if ('failureClass' in answer && !response.headersSent) {
    response.setHeader(FAILURE_CLASS_HEADER, answer.failureClass);
  }
  if (status === 500) {
    const stack = error instanceof Error && asFailure(error).code === 'unexpected' ? error.stack : undefined;
    log('error', 'request-failed', { method: request.method, url: request.url, message, stack });
  }
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const text = `${JSON.stringify({ message })}\n`;
  if (upgraded) response.setHeader('Connection', 'close');
  if (status === 304) response.writeHead(304).end();
  else if (request.complete || upgraded) send(request, response, status, text, 'application/json');
  else sendMeanwhile(request, response, status, text);
  if (upgraded) endWhenFlushed(response, upgraded.socket);
}

/**
 * Tells a client that is still sending, and ends the answer only when there is no more, or too much, or for too long: a
 * connection closed before would take what the client has not read yet along.
 */
function sendMeanwhile(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.write(text);
  let left = REST_MAX;
  const timer = setTimeout(() => request.destroy(), REST_MS);
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  request.once('close', () => {
    clearTimeout(timer);
    response.end();
  });
  request.resume();
}

function send(request: IncomingMessage, response: ServerResponse, status: number, text: string, type: string): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

function endWhenFlushed(response: ServerResponse, socket: Socket): void {
  if (response.writableFinished) socket.end();
  else response.once('finish', () => socket.end());
}

function refuseGarbage(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const body = `${JSON.stringify({ message: 'this is no HTTP request' })}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
