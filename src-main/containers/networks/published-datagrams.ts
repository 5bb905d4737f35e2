import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { log } from '../../base/log.ts';
import type { HostSockets } from './host-sockets.ts';

/** Linux networking/nf_conntrack-sysctl.rst, nf_conntrack_udp_timeout_stream: as long as the kernel's own rules wait. */
const IDLE_MS = 120_000;
/** Senders that are remembered at one port; for one more, the longest silent one is forgotten. */
const SENDERS_MAX = 1024;

/** Where a container serves. */
export interface PortTarget {
  /** IPv4. */
  readonly address: string;
  readonly port: number;
}

/** A port of the host, taken. */
export interface BoundPort {
  address(): { port: number; family: string };
  close(): void;
}

/**
 * Takes a port for datagrams, and passes on to the container what arrives at this socket: what came over IPv6, where
 * the kernel's own rules carry IPv4, and all of it where the container is in another namespace. The container answers to
 * a socket that is the sender's alone, and the answer goes out of the published port. Its address is the one by which
 * this computer reaches the sender.
 */
export async function bindDatagrams(
  host: string,
  port: number,
  target: PortTarget,
  sockets: HostSockets,
): Promise<BoundPort> {
  const socket = await bind(host, port, sockets);
  const senders = new Senders(socket, target);
  socket.on('message', (message, from) => senders.passOn(message, from));
  socket.on('error', (error) => log('warn', 'published-port', { port, why: error.message }));
  return {
    address: () => socket.address(),
    close: () => {
      senders.forgetAll();
      socket.close();
    },
  };
}

interface Sender {
  readonly socket: Socket;
  readonly idle: NodeJS.Timeout;
}

/** Those who have sent something lately, the longest silent first. */
class Senders {
  private readonly known = new Map<string, Sender>();

  constructor(
    private readonly published: Socket,
    private readonly target: PortTarget,
  ) {}

  passOn(message: Buffer, from: RemoteInfo): void {
    const key = `${from.port} ${from.address}`;
    const sender = this.known.get(key) ?? this.meet(key, from);
    this.stillThere(key, sender);
    sender.socket.send(message, this.target.port, this.target.address, lost);
  }

  forgetAll(): void {
    for (const key of [...this.known.keys()]) this.forget(key);
  }

  private meet(key: string, { address, port }: RemoteInfo): Sender {
    const [silent] = this.known.keys();
    if (silent !== undefined && this.known.size >= SENDERS_MAX) this.forget(silent);
    const socket = createSocket('udp4');
    const sender = { socket, idle: setTimeout(() => this.forget(key), IDLE_MS).unref() };
    socket.on('message', (answer, from) => {
      if (from.port !== this.target.port || from.address !== this.target.address) return;
      this.stillThere(key, sender);
      this.published.send(answer, port, address, lost);
    });
    socket.on('error', () => this.forget(key));
    return sender;
  }

  private stillThere(key: string, sender: Sender): void {
    sender.idle.refresh();
    this.known.delete(key);
    this.known.set(key, sender);
  }

  private forget(key: string): void {
    const sender = this.known.get(key);
    if (sender === undefined) return;
    this.known.delete(key);
    clearTimeout(sender.idle);
    sender.socket.close();
  }
}

/** A datagram that cannot be sent is lost, as any may be. */
function lost(): void {}

async function bind(host: string, port: number, sockets: HostSockets): Promise<Socket> {
  const where = await sockets.datagram(host, port);
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const refused = (error: Error): void => {
      socket.close();
      reject(error);
    };
    socket.once('error', refused);
    socket.bind({ ...where, exclusive: true }, () => {
      socket.off('error', refused);
      resolve(socket);
    });
  });
}
