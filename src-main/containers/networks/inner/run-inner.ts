import { closeSync } from 'node:fs';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { asFailure } from '../../../base/failure.ts';
import { bindMount, isMountPoint } from '../../../linux/classic-mount.ts';
import { CLONE, enterNamespaceAt, unshare } from '../../../linux/namespaces.ts';
import { OWN_NETWORK_NAMESPACE, raiseLoopback } from '../../../linux/network-namespace.ts';
import { nameCurrentThread } from '../../../linux/thread.ts';
import { BridgeNetworks } from '../bridge-networks.ts';
import type { HostSockets } from '../host-sockets.ts';
import { NetworkStore } from '../network-store.ts';
import { PASTA_NETWORK } from '../pasta.ts';
import type { FromInner, InnerAssignment, InnerCall, InnerResult, ToInner } from './messages.ts';

/** A thread's whole life: it enters the inner namespace for good, and is the network driver in there. */
export function runInner(port: MessagePort): void {
  const tell = (message: FromInner): void => port.postMessage(message);
  const sockets = new AskedSockets(tell);
  let driver: InnerDriver | undefined;
  port.on('message', (message: ToInner) => {
    if (message.kind === 'start') {
      try {
        driver = new InnerDriver(message.assignment, sockets);
        tell({ kind: 'ready' });
      } catch (error) {
        tell({ kind: 'failed', failure: asFailure(error).toJSON() });
      }
    } else if (message.kind === 'call') {
      const { number } = message;
      driver?.perform(message.call).then(
        (result) => tell({ kind: 'done', number, result }),
        (error) => tell({ kind: 'failed', number, failure: asFailure(error).toJSON() }),
      );
    } else sockets.answered(message);
  });
}

class InnerDriver {
  private readonly store: NetworkStore;
  private readonly bridges: BridgeNetworks;

  constructor({ namespace, networks, running }: InnerAssignment, sockets: HostSockets) {
    nameCurrentThread('networks');
    if (isMountPoint(namespace)) enterNamespaceAt(namespace, CLONE.NEWNET);
    else {
      unshare(CLONE.NEWNET);
      raiseLoopback();
      bindMount(OWN_NETWORK_NAMESPACE, namespace);
    }
    this.store = new NetworkStore(networks);
    const nameServers = (): readonly string[] => [PASTA_NETWORK.names];
    const placesLock = join(running, 'places.lock');
    this.bridges = new BridgeNetworks({ store: this.store, running, nameServers, sockets, placesLock });
  }

  async perform(call: InnerCall): Promise<InnerResult> {
    const { bridges } = this;
    // Networks are made and removed outside.
    this.store.load();
    switch (call.method) {
      case 'join':
        return new Map([[call.request.id, await bridges.join(call.request)]]);
      case 'connect':
        return new Map([[call.request.id, await bridges.connect(call.request, call.network, call.wish)]]);
      case 'disconnect':
        return new Map([[call.id, await bridges.disconnect(call.id, call.network)]]);
      case 'leave':
        await bridges.leave(call.id);
        return new Map();
      case 'rename':
        bridges.rename(call.id, call.name);
        return new Map();
      case 'recovered':
        await bridges.recovered(call.running);
        return new Map([...call.running.keys()].map((id) => [id, bridges.joined(id)]));
    }
  }
}

/** Sockets of the host, which the thread that stayed there binds. */
class AskedSockets implements HostSockets {
  private readonly waiting = new Map<number, { bound(fd: number): void; refused(error: Error): void }>();
  private last = 0;

  constructor(private readonly tell: (message: FromInner) => void) {}

  async stream(host: string, port: number): Promise<{ fd: number }> {
    return { fd: await this.ask('stream', host, port) };
  }

  async datagram(address: string, port: number): Promise<{ fd: number }> {
    return { fd: await this.ask('datagram', address, port) };
  }

  answered(message: Extract<ToInner, { kind: 'bound' | 'not-bound' }>): void {
    const asker = this.waiting.get(message.number);
    this.waiting.delete(message.number);
    if (message.kind === 'not-bound') {
      asker?.refused(Object.assign(new Error(message.message), { code: message.errno }));
    } else if (asker === undefined) closeSync(message.fd);
    else asker.bound(message.fd);
  }

  private ask(type: 'stream' | 'datagram', address: string, port: number): Promise<number> {
    const number = ++this.last;
    return new Promise((bound, refused) => {
      this.waiting.set(number, { bound, refused });
      this.tell({ kind: 'bind', number, type, address, port });
    });
  }
}
