import { createServer, type Server, type Socket } from 'node:net';
import type { Disposable } from '../../base/disposable.ts';
import { asFailure, type Failure } from '../../base/failure.ts';
import { hangUp } from '../../base/hang-up.ts';
import { listenPrivately } from '../../base/private-socket.ts';
import { type JsonItem, JsonStream } from './json-stream.ts';

/** QEMU docs/interop/qmp-spec §2.4.2. */
export type QmpErrorClass = 'GenericError' | 'CommandNotFound' | 'DeviceNotActive' | 'DeviceNotFound';

export class QmpError extends Error {
  constructor(
    readonly errorClass: QmpErrorClass,
    message: string,
  ) {
    super(message);
  }
}

export type QmpArguments = Readonly<Record<string, unknown>>;

export interface QmpCommand {
  /** The arguments it knows; others are refused. */
  readonly arguments: readonly string[];
  /** Its answer; `{}` for commands that have none to give. */
  readonly run: (args: QmpArguments) => unknown;
}

export type QmpCommands = Readonly<Record<string, QmpCommand>>;

/**
 * The QEMU version whose protocol this speaks, as clients expect it in the greeting (qmp-spec §2.2), with our own name
 * as the package.
 */
export function qmpVersion(version: string): object {
  return { qemu: { major: 7, minor: 2, micro: 0 }, package: `bulkhead-${version}` };
}

/** What a client may have waiting unread before it is disconnected: it has stopped listening. */
const MAX_UNREAD_BYTES = 4 << 20;
/** Unanswered commands after which a client is not listened to for a while (QEMU: QMP_REQ_QUEUE_LEN_MAX). */
const MAX_UNANSWERED = 8;

const complaints = { syntax: 'JSON parse error', 'too-long': 'JSON message too long' } as const;

interface Client {
  readonly socket: Socket;
  readonly stream: JsonStream;
  negotiated: boolean;
  /** Commands are answered one after another. */
  queue: Promise<void>;
  unanswered: number;
}

/** Serves QMP to any number of clients on a unix socket. */
export class QmpServer implements Disposable {
  private readonly server: Server;
  private readonly clients = new Set<Client>();
  private readonly greeting: object;

  constructor(
    version: string,
    private readonly commands: QmpCommands,
  ) {
    this.greeting = { QMP: { version: qmpVersion(version), capabilities: [] } };
    this.server = createServer((socket) => this.welcome(socket));
  }

  listen(path: string): Promise<void> {
    return listenPrivately(this.server, path);
  }

  /** Tells every client that has negotiated (qmp-spec §2.5). */
  emit(event: string, data?: object): void {
    const now = Date.now();
    const timestamp = { seconds: Math.floor(now / 1000), microseconds: (now % 1000) * 1000 };
    for (const client of this.clients) {
      if (client.negotiated) this.send(client, { event, ...(data === undefined ? {} : { data }), timestamp });
    }
  }

  /** Hangs up once what is queued has been sent; settles when every client has taken it. */
  async close(): Promise<void> {
    this.server.close();
    await Promise.all([...this.clients].map(({ socket }) => hangUp(socket)));
  }

  dispose(): void {
    this.server.close();
    for (const { socket } of this.clients) socket.destroy();
  }

  private welcome(socket: Socket): void {
    const stream = new JsonStream();
    const client: Client = { socket, stream, negotiated: false, queue: Promise.resolve(), unanswered: 0 };
    this.clients.add(client);
    socket.on('data', (chunk: Uint8Array) => this.receive(client, chunk));
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.clients.delete(client));
    this.send(client, this.greeting);
  }

  private receive(client: Client, chunk: Uint8Array): void {
    for (const item of client.stream.push(chunk)) {
      client.unanswered++;
      client.queue = client.queue.then(async () => {
        await this.answer(client, item);
        client.unanswered--;
        if (client.unanswered === 0) client.socket.resume();
      });
    }
    if (client.unanswered > MAX_UNANSWERED) client.socket.pause();
  }

  private async answer(client: Client, item: JsonItem): Promise<void> {
    if ('error' in item) {
      this.refuse(client, undefined, new QmpError('GenericError', complaints[item.error]));
      return;
    }
    const message = item.value;
    const id = isObject(message) && 'id' in message ? { id: message.id } : undefined;
    try {
      const { name, args } = parseCommand(message);
      this.send(client, { return: await this.execute(client, name, args), ...id });
    } catch (error) {
      this.refuse(client, id, error);
    }
  }

  private execute(client: Client, name: string, args: QmpArguments): unknown {
    if (name === 'qmp_capabilities') {
      if (client.negotiated) {
        throw new QmpError('CommandNotFound', 'Capabilities negotiation is already complete, command ignored');
      }
      refuseUnknown(args, ['enable']);
      client.negotiated = true;
      return {};
    }
    if (!client.negotiated) {
      throw new QmpError('CommandNotFound', "Expecting capabilities negotiation with 'qmp_capabilities'");
    }
    const command = Object.hasOwn(this.commands, name) ? this.commands[name] : undefined;
    if (!command) throw new QmpError('CommandNotFound', `The command ${name} has not been found`);
    refuseUnknown(args, command.arguments);
    return command.run(args);
  }

  private refuse(client: Client, id: { id: unknown } | undefined, error: unknown): void {
    const failure = error instanceof QmpError ? error : asFailure(error);
    const errorClass = failure instanceof QmpError ? failure.errorClass : classOf(failure);
    this.send(client, { error: { class: errorClass, desc: failure.message }, ...id });
  }

  private send(client: Client, message: object): void {
    const { socket } = client;
    if (socket.destroyed || socket.writableEnded) return;
    socket.write(`${JSON.stringify(message)}\r\n`);
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
  }
}

/** `DeviceNotActive` is what clients know for an order that is right, but not now (QEMU qapi/error.json). */
function classOf({ failureClass }: Failure): QmpErrorClass {
  return failureClass === 'state' ? 'DeviceNotActive' : 'GenericError';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** qmp-spec §2.3: an object with `execute`, and perhaps `arguments` and `id`. */
function parseCommand(message: unknown): { name: string; args: QmpArguments } {
  if (!isObject(message)) throw new QmpError('GenericError', 'QMP input must be a JSON object');
  for (const key of Object.keys(message)) {
    if (!['execute', 'arguments', 'id'].includes(key)) {
      throw new QmpError('GenericError', `QMP input member '${key}' is unexpected`);
    }
  }
  const { execute, arguments: args = {} } = message;
  if (execute === undefined) throw new QmpError('GenericError', "QMP input lacks member 'execute'");
  if (typeof execute !== 'string') throw new QmpError('GenericError', "QMP input member 'execute' must be a string");
  if (!isObject(args)) throw new QmpError('GenericError', "QMP input member 'arguments' must be an object");
  return { name: execute, args };
}

function refuseUnknown(args: QmpArguments, known: readonly string[]): void {
  const stranger = Object.keys(args).find((key) => !known.includes(key));
  if (stranger !== undefined) throw new QmpError('GenericError', `Parameter '${stranger}' is unexpected`);
}
