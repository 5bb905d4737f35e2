import { asFailure, Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import { Subnet } from '../../network/ipv4.ts';
import type { EndpointRequest } from '../lifecycle/container-record.ts';
import { OneAtATime } from '../lifecycle/one-at-a-time.ts';
import {
  type ContainerNetworks,
  type Joined,
  type JoinRequest,
  type Network,
  type NetworkRequest,
  noNetwork,
} from '../lifecycle/ports.ts';
import { InnerNetwork } from './inner/inner-network.ts';
import type { InnerCall } from './inner/messages.ts';
import { NetworkStore } from './network-store.ts';
import { isPredefined, newNetwork, predefinedStays } from './new-network.ts';
import { PASTA_NETWORK } from './pasta.ts';
import { PastaNetworks } from './pasta-networks.ts';
import { requestedNetworks } from './requested-networks.ts';

/**
 * The network driver of an engine that is an ordinary user's. Containers that name no network have one each for
 * themselves by pasta; networks of one's own are bridges in an inner namespace, which is there while a container is on
 * one of them.
 */
export class UserNetworks implements ContainerNetworks {
  private readonly pasta: PastaNetworks;
  private readonly store: NetworkStore;
  private readonly running: string;
  private readonly order = new OneAtATime();
  private inner: InnerNetwork | undefined;
  /** Of every container on an inner bridge. */
  private readonly inside = new Map<string, Joined>();

  constructor({ networks, running }: { readonly networks: string; readonly running: string }) {
    this.pasta = new PastaNetworks(running);
    this.store = new NetworkStore(networks);
    this.running = running;
  }

  list(): Network[] {
    return [...this.pasta.list(), ...this.store.bridges()];
  }

  get(nameOrId: string): Network {
    return this.pasta.find(nameOrId) ?? this.store.get(nameOrId);
  }

  async create(request: NetworkRequest): Promise<Network> {
    if (isPredefined(request.name)) {
      throw new Failure('state', 'name-taken', `network with name ${request.name} already exists`);
    }
    const network = newNetwork(request, this.store.bridges(), [Subnet.parse(PASTA_NETWORK.subnet, 'subnet')]);
    this.store.put(network);
    return network;
  }

  async remove(id: string): Promise<void> {
    const { name } = this.get(id);
    if (isPredefined(name)) throw predefinedStays(name);
    this.store.remove(id);
  }

  check(request: JoinRequest): Record<string, EndpointRequest> {
    const networks = requestedNetworks(request, (name) => this.get(name));
    const names = Object.keys(networks);
    if (names.length > 1 && names.some(isPredefined)) throw apart();
    return networks;
  }

  async join(request: JoinRequest): Promise<Joined> {
    if (isPredefined(Object.keys(request.networks)[0] ?? 'bridge')) return this.pasta.join(request);
    return this.change({ method: 'join', request });
  }

  attach(id: string, pid: number): Promise<number | undefined> {
    return this.pasta.attach(id, pid);
  }

  async leave(id: string): Promise<void> {
    await this.pasta.leave(id);
    if (this.inside.has(id)) await this.change({ method: 'leave', id });
  }

  joined(id: string): Joined {
    return this.inside.get(id) ?? this.pasta.joined(id);
  }

  async connect(request: JoinRequest, network: Network, wish: EndpointRequest): Promise<Joined> {
    if (isPredefined(network.name) || !this.inside.has(request.id)) throw apart();
    return this.change({ method: 'connect', request, network, wish });
  }

  async disconnect(id: string, network: Network): Promise<Joined> {
    if (!this.inside.has(id)) throw apart();
    return this.change({ method: 'disconnect', id, network });
  }

  rename(id: string, name: string): void {
    if (this.inside.has(id)) void this.change({ method: 'rename', id, name });
  }

  async recovered(running: ReadonlyMap<string, JoinRequest & { readonly pid: number }>): Promise<void> {
    await this.pasta.recovered(running);
    const inside = [...running].filter(([, { networks }]) => !Object.keys(networks).every(isPredefined));
    if (inside.length === 0) return InnerNetwork.clear(this.running);
    for (const [id] of inside) this.inside.set(id, noNetwork);
    try {
      await this.change({ method: 'recovered', running: new Map(inside) });
    } catch (error) {
      log('error', 'network-recovery', { why: asFailure(error).message });
    }
  }

  dispose(): void {
    this.inner?.dispose();
  }

  /** Has it done in the inner namespace, which is made for the first container in there and goes with the last. */
  private change(call: InnerCall): Promise<Joined> {
    return this.order.run(async () => {
      try {
        this.inner ??= await InnerNetwork.open(this.store.folder, this.running);
        const result = await this.inner.call(call);
        for (const [id, joined] of result) this.inside.set(id, joined);
        // A network whose place was taken has moved.
        this.store.load();
        return [...result.values()][0] ?? noNetwork;
      } finally {
        if (call.method === 'leave') this.inside.delete(call.id);
        if (this.inside.size === 0) await this.closeInner();
      }
    });
  }

  private async closeInner(): Promise<void> {
    const { inner } = this;
    this.inner = undefined;
    await inner?.close();
  }
}

function apart(): Failure {
  return new Failure(
    'state',
    'networks-apart',
    'network: an ordinary user’s container is either alone (bridge, host, none) or on networks of one’s own',
    { hint: 'start it with --network NAME; it can join more of those while it runs' },
  );
}
