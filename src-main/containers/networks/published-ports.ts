import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Disposable } from '../../base/disposable.ts';
import { Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import type { PortBinding } from '../lifecycle/ports.ts';
import type { Publication } from './firewall.ts';
import { type HostSockets, ownSockets } from './host-sockets.ts';
import { type BoundPort, bindDatagrams, type PortTarget } from './published-datagrams.ts';

export interface PortWish {
  readonly protocol: 'tcp' | 'udp';
  /** In the container. */
  readonly port: number;
  /** Empty for every address of the host. */
  readonly hostAddress: string;
  /** Those it may be; any free one when there are none. */
  readonly candidates: readonly number[];
}

/** A port of the host that is a container's: no other program can have it, and it is served over IPv6 as well. */
export interface HeldPort extends Disposable {
  readonly publication: Publication;
  readonly bindings: readonly PortBinding[];
}

/**
 * Takes a port of the host. Where the kernel's own rules carry IPv4, what still arrives at this socket came over IPv6;
 * that, or all of it, is passed on here.
 */
export async function holdPort(wish: PortWish, address: string, sockets: HostSockets = ownSockets): Promise<HeldPort> {
  const tries = wish.candidates.length === 0 ? [0] : wish.candidates;
  let refusal: unknown;
  for (const candidate of tries) {
    try {
      return await hold(wish, candidate, address, sockets);
    } catch (error) {
      refusal = error;
    }
  }
  throw refusalOf(wish, refusal as NodeJS.ErrnoException);
}

async function hold(wish: PortWish, hostPort: number, address: string, sockets: HostSockets): Promise<HeldPort> {
  const take = wish.protocol === 'udp' ? bindDatagrams : listen;
  const open = (host: string): Promise<BoundPort> => take(host, hostPort, { address, port: wish.port }, sockets);
  // `::` is every address, of IPv4 as well.
  const socket =
    wish.hostAddress === ''
      ? await open('::').catch((error) => (isNoIpv6(error) ? open('0.0.0.0') : Promise.reject(error)))
      : await open(wish.hostAddress);
  const { port, family } = socket.address();
  const onAll = wish.hostAddress === '' || wish.hostAddress === '0.0.0.0';
  const named = { HostIp: onAll ? '0.0.0.0' : wish.hostAddress, HostPort: `${port}` };
  return {
    publication: {
      hostAddress: onAll ? '' : wish.hostAddress,
      hostPort: port,
      protocol: wish.protocol,
      address,
      port: wish.port,
    },
    bindings: family === 'IPv6' && onAll ? [named, { HostIp: '::', HostPort: `${port}` }] : [named],
    dispose: () => socket.close(),
  };
}

async function listen(host: string, port: number, target: PortTarget, sockets: HostSockets): Promise<BoundPort> {
  const where = await sockets.stream(host, port);
  const clients = new Set<Socket>();
  const server = await new Promise<Server>((resolve, reject) => {
    const opened = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
      clients.add(client);
      client.on('close', () => clients.delete(client));
      passOn(client, target);
    });
    opened.once('error', reject);
    opened.listen(where, () => resolve(opened));
  });
  server.on('error', (error) => log('warn', 'published-port', { port, why: error.message }));
  return {
    address: () => server.address() as { port: number; family: string },
    close: () => {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}

function passOn(client: Socket, { address, port }: PortTarget): void {
  const target = connect({ host: address, port, allowHalfOpen: true });
  for (const [from, to] of [
    [client, target],
    [target, client],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', (failed) => failed && to.destroy());
  }
  target.once('connect', () => {
    client.pipe(target);
    target.pipe(client);
  });
}

function isNoIpv6({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
}

function refusalOf({ hostAddress, candidates }: PortWish, error: NodeJS.ErrnoException): Failure {
  const where = `${hostAddress || '0.0.0.0'}:${candidates.length > 1 ? `${candidates[0]}-${candidates.at(-1)}` : (candidates[0] ?? 0)}`;
  if (error.code === 'EADDRINUSE') {
    return new Failure('state', 'port-taken', `Bind for ${where} failed: port is already allocated`, { cause: error });
  }
  if (error.code === 'EADDRNOTAVAIL') {
    return new Failure('usage', 'not-our-address', `Bind for ${where} failed: this computer has no such address`);
  }
  if (error.code === 'EACCES') {
    return new Failure('host', 'port-not-allowed', `Bind for ${where} failed: this process may not use that port`);
  }
  return new Failure('failed', 'port-refused', `Bind for ${where} failed: ${error.message}`, { cause: error });
}
