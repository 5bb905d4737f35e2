import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { Disposable } from '../../../base/disposable.ts';
import { Owner } from '../../../base/disposable.ts';
import { asFailure } from '../../../base/failure.ts';
import { log } from '../../../base/log.ts';
import { addressBytes, parseAddress } from '../../../network/ipv4.ts';
import {
  type Answer,
  addressAskedFor,
  encodeName,
  framed,
  LENGTH_BYTES,
  makeResponse,
  parseQuery,
  RCODE,
  TYPE,
} from './dns-message.ts';
import { askUpstream } from './upstream.ts';

const PORT = 53;
const IDLE_MS = 10_000;
const MESSAGE_MAX = 4096;
/** Queries on their way to the servers of the host at one moment; more than these are dropped, and asked again. */
const PENDING_MAX = 512;

/** What the names of a network mean to the container at an address. */
export interface NameBook {
  /** Undefined for a name that is nobody's here. */
  addressesOf(asker: string, name: string): readonly string[] | undefined;
  nameOf(asker: string, address: string): string | undefined;
  /** Who is asked for all other names. */
  serversFor(asker: string): readonly string[];
}

/** The name server of a network, on its gateway's address: containers by name, everything else from the host's servers. */
export class NameServer implements Disposable {
  private readonly owner = new Owner();
  private pending = 0;

  private constructor(private readonly book: NameBook) {}

  static async open(address: string, book: NameBook): Promise<NameServer> {
    const server = new NameServer(book);
    try {
      await server.bind(address);
      return server;
    } catch (error) {
      server.dispose();
      throw error;
    }
  }

  dispose(): void {
    this.owner.dispose();
  }

  private async bind(address: string): Promise<void> {
    const datagrams = createSocket({ type: 'udp4', reuseAddr: true });
    this.owner.defer(() => datagrams.close());
    await new Promise<void>((resolve, reject) => {
      datagrams.once('error', reject);
      datagrams.bind(PORT, address, resolve);
    });
    datagrams.on('error', (error) => log('warn', 'name-server', { address, why: error.message }));
    datagrams.on('message', (message, from) => void this.byDatagram(datagrams, message, from));
    const streams = createServer((socket) => this.byStream(socket));
    this.owner.defer(() => streams.close());
    await listening(streams, address);
  }

  private async byDatagram(socket: DatagramSocket, message: Buffer, from: RemoteInfo): Promise<void> {
    const answer = await this.answer(message, from.address, 'udp');
    if (answer !== undefined) {
      try {
        socket.send(answer, from.port, from.address);
      } catch {
        // The network went away meanwhile.
      }
    }
  }

  private byStream(socket: Socket): void {
    const asker = socket.remoteAddress ?? '';
    let held = Buffer.alloc(0);
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= LENGTH_BYTES) {
        const length = held.readUInt16BE(0);
        if (length > MESSAGE_MAX) return void socket.destroy();
        if (held.length < LENGTH_BYTES + length) return;
        const message = Buffer.from(held.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
        held = held.subarray(LENGTH_BYTES + length);
        void this.answer(message, asker, 'tcp').then((answer) => {
          if (answer !== undefined && socket.writable) socket.write(framed(answer));
        });
      }
    });
  }

  /** Undefined for what deserves none. */
  private async answer(message: Buffer, asker: string, by: 'udp' | 'tcp'): Promise<Buffer | undefined> {
    const question = parseQuery(message);
    if (question === undefined) return undefined;
    const own = this.ownAnswers(asker, question.name, question.type);
    if (own !== undefined) return makeResponse(message, question, RCODE.NOERROR, own);
    if (this.pending >= PENDING_MAX) return undefined;
    this.pending++;
    try {
      return await askUpstream(this.book.serversFor(asker), message, by);
    } catch (error) {
      log('warn', 'name-server', { why: asFailure(error).message });
      return makeResponse(message, question, RCODE.SERVFAIL, []);
    } finally {
      this.pending--;
    }
  }

  private ownAnswers(asker: string, name: string, type: number): Answer[] | undefined {
    const address = addressAskedFor(name);
    if (address !== undefined) {
      const found = this.book.nameOf(asker, address);
      if (found === undefined) return undefined;
      return type === TYPE.PTR ? [{ type, content: encodeName(found) }] : [];
    }
    const addresses = this.book.addressesOf(asker, name);
    if (addresses === undefined) return undefined;
    // A name that is there, without records of the kind asked for: RFC 2308 §2.2 NODATA.
    if (type !== TYPE.A) return [];
    return addresses.map((one) => ({ type, content: addressBytes(parseAddress(one) ?? 0) }));
  }
}

function listening(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(PORT, address, () => {
      server.on('error', (error) => log('warn', 'name-server', { address, why: error.message }));
      resolve();
    });
  });
}
