import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Owner } from '../../base/disposable.ts';
import { asFailure, Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import { lockFile } from '../../linux/file-lock.ts';
import { parseAddress, Subnet } from '../../network/ipv4.ts';
import type { EndpointRequest } from '../lifecycle/container-record.ts';
import { newId } from '../lifecycle/names.ts';
import { OneAtATime } from '../lifecycle/one-at-a-time.ts';
import type { ContainerNetworks, Joined, JoinRequest, Network, NetworkRequest } from '../lifecycle/ports.ts';
import { noNetwork } from '../lifecycle/ports.ts';
import { AddressPool } from './address-pool.ts';
import { BridgeLinks, bridgeName, macOf, newSandbox, portName, routeBy } from './bridge-links.ts';
import { FirewallTable } from './firewall-table.ts';
import { hostRoutes } from './host-routes.ts';
import { type HostSockets, ownSockets } from './host-sockets.ts';
import { ContainerNames } from './names/container-names.ts';
import { NameServer } from './names/name-server.ts';
import { hostNameServers } from './names/upstream.ts';
import { type BridgeNetwork, isBridge, NetworkStore } from './network-store.ts';
import { isPredefined, newNetwork, OPTION, predefinedStays } from './new-network.ts';
import { placeNetwork } from './place-network.ts';
import { portWishes } from './port-wishes.ts';
import { holdPort, type PortWish } from './published-ports.ts';
import { checkWish, requestedNetworks } from './requested-networks.ts';
import { SandboxFiles } from './sandbox-files.ts';
import { fileOf, type Plugged, type Sandbox, sandboxLineage, sandboxOf } from './sandboxes.ts';

/** That of the host's own bridges. */
const HOST_PLACES_LOCK = '/run/bulkhead-networks.lock';
/** To look and make takes milliseconds. */
const PLACES_PATIENCE_MS = 30_000;

/** What bridges are made in. */
export interface BridgeSurroundings {
  readonly store: NetworkStore;
  /** A folder for what runs: lost with the computer's uptime, as it is. */
  readonly running: string;
  /** Who is asked for names that are no container's, where a container has no servers of its own. */
  readonly nameServers: () => readonly string[];
  /** Where ports are published. */
  readonly sockets: HostSockets;
  /** Held while a bridge gets its place, by every engine whose bridges are in the same namespace. */
  readonly placesLock: string;
}

/**
 * Networks in the namespace of the calling thread: a bridge per network, a pair of veth devices per endpoint, addresses,
 * masquerading and published ports by nftables, names by a server on each bridge. A bridge is there while a container
 * is on it.
 */
export class BridgeNetworks implements ContainerNetworks {
  private readonly store: NetworkStore;
  private readonly nameServers: BridgeSurroundings['nameServers'];
  private readonly sockets: HostSockets;
  private readonly placesLock: string;
  private readonly files: SandboxFiles<ReturnType<typeof fileOf>>;
  private readonly links: BridgeLinks;
  private readonly firewall: FirewallTable;
  private readonly names: ContainerNames;
  private readonly sandboxes = new Map<string, Sandbox>();
  private readonly pools = new Map<string, AddressPool>();
  /** By network; undefined where no name server could be had. */
  private readonly servers = new Map<string, NameServer | undefined>();
  /** Networks whose bridge this engine made or found. */
  private readonly raised = new Set<string>();
  private readonly order = new OneAtATime();

  constructor({ store, running, nameServers, sockets, placesLock }: BridgeSurroundings) {
    const mark = engineMark(store.folder);
    this.store = store;
    this.nameServers = nameServers;
    this.sockets = sockets;
    this.placesLock = placesLock;
    this.files = new SandboxFiles(running, sandboxLineage);
    this.links = new BridgeLinks(mark);
    this.firewall = new FirewallTable(mark, join(running, 'firewall'));
    this.names = new ContainerNames(() => this.sandboxes.values(), nameServers);
    for (const sandbox of this.files.load().map(sandboxOf)) {
      this.sandboxes.set(sandbox.id, sandbox);
      for (const endpoint of sandbox.endpoints.values()) this.takeAgain(endpoint);
    }
  }

  /** The network driver of an engine that is root: bridges of the host itself, one of them for whoever names none. */
  static ofHost({ networks, running }: { readonly networks: string; readonly running: string }): BridgeNetworks {
    const store = new NetworkStore(networks);
    if (store.find('bridge') === undefined) store.put(defaultNetwork(store.bridges()));
    return new BridgeNetworks({
      store,
      running,
      nameServers: hostNameServers,
      sockets: ownSockets,
      placesLock: HOST_PLACES_LOCK,
    });
  }

  list(): Network[] {
    return this.store.list();
  }

  get(nameOrId: string): Network {
    return this.store.get(nameOrId);
  }

  async create(request: NetworkRequest): Promise<Network> {
    const network = newNetwork(request, this.store.bridges());
    this.store.put(network);
    return network;
  }

  remove(id: string): Promise<void> {
    return this.order.run(async () => {
      const { name } = this.store.get(id);
      if (isPredefined(name)) throw predefinedStays(name);
      this.store.remove(id);
      this.pools.delete(id);
      await this.settle();
    });
  }

  check(request: JoinRequest): Record<string, EndpointRequest> {
    return requestedNetworks(request, (name) => this.store.get(name));
  }

  join(request: JoinRequest): Promise<Joined> {
    return this.order.run(async () => {
      await this.take(request.id);
      const networks = Object.entries(request.networks).map(([name, wish]) => [this.store.get(name), wish] as const);
      const sandbox = newSandboxOf(request, networks);
      if (sandbox === undefined) return noNetwork;
      this.sandboxes.set(request.id, sandbox);
      try {
        if (!sandbox.sharesHost) {
          sandbox.namespace = newSandbox();
          for (const [network, wish] of networks) if (isBridge(network)) await this.plug(sandbox, network, wish);
          await this.publish(sandbox, portWishes(request.config, request.host, this.bindingAddress(sandbox)));
          await this.settle();
        }
        this.files.save(fileOf(sandbox));
      } catch (error) {
        await this.take(request.id);
        throw error;
      }
      return this.joined(request.id);
    });
  }

  leave(id: string): Promise<void> {
    return this.order.run(() => this.take(id));
  }

  joined(id: string): Joined {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) return noNetwork;
    if (sandbox.sharesHost) return { ...noNetwork, namespace: 'host' };
    const ports: Record<string, { HostIp: string; HostPort: string }[]> = {};
    for (const { publication, bindings } of sandbox.ports) {
      const key = `${publication.port}/${publication.protocol}`;
      ports[key] = [...(ports[key] ?? []), ...bindings];
    }
    return {
      namespace: `/proc/${process.pid}/fd/${sandbox.namespace}`,
      endpoints: Object.fromEntries(sandbox.endpoints),
      nameServers: this.nameServersOf(sandbox),
      ports,
    };
  }

  connect(request: JoinRequest, network: Network, wish: EndpointRequest): Promise<Joined> {
    return this.order.run(async () => {
      const sandbox = this.sandboxes.get(request.id);
      if (!isBridge(network) || sandbox?.sharesHost) {
        throw new Failure(
          'state',
          'not-a-bridge',
          'container sharing network namespace with another container or host cannot be connected to any other network',
        );
      }
      if (sandbox === undefined || sandbox.namespace < 0) {
        throw new Failure(
          'state',
          'no-sandbox',
          'container without a network namespace of its own cannot be connected',
        );
      }
      checkWish(network, wish);
      const hadWayOut = this.wayOut(sandbox) !== undefined;
      try {
        await this.plug(sandbox, network, wish);
        const wishes = hadWayOut ? [] : portWishes(request.config, request.host, this.bindingAddress(sandbox));
        await this.publish(sandbox, wishes);
        await this.settle();
        this.files.save(fileOf(sandbox));
      } catch (error) {
        await this.unplug(sandbox, network.name);
        throw error;
      }
      return this.joined(request.id);
    });
  }

  disconnect(id: string, network: Network): Promise<Joined> {
    return this.order.run(async () => {
      const sandbox = this.sandboxes.get(id);
      if (sandbox?.endpoints.has(network.name)) {
        await this.unplug(sandbox, network.name);
        this.files.save(fileOf(sandbox));
      }
      return this.joined(id);
    });
  }

  rename(id: string, name: string): void {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) return;
    sandbox.name = name;
    this.files.save(fileOf(sandbox));
  }

  recovered(running: ReadonlyMap<string, JoinRequest & { readonly pid: number }>): Promise<void> {
    return this.order.run(async () => {
      for (const sandbox of [...this.sandboxes.values()]) {
        const container = running.get(sandbox.id);
        if (container === undefined) await this.take(sandbox.id);
        else if (sandbox.namespace < 0 && !sandbox.sharesHost) await this.resume(sandbox, container.pid);
      }
      const kept = new Set([...this.sandboxes.values()].flatMap((one) => [...one.endpoints.values()].map(linkOf)));
      for (const network of this.store.bridges().filter((one) => this.isUsed(one))) {
        kept.add(bridgeName(network));
        this.raised.add(network.id);
      }
      const strays = this.links.sweep(kept, new Set(this.store.bridges().map(bridgeName)));
      if (strays.length > 0) log('warn', 'network-strays', { links: strays.join(' ') });
      await this.settle();
    });
  }

  /** Lets go of everything but what containers that run need. */
  dispose(): void {
    for (const server of this.servers.values()) server?.dispose();
    this.servers.clear();
    for (const sandbox of this.sandboxes.values()) {
      for (const port of sandbox.ports) port.dispose();
      closeNamespace(sandbox);
    }
  }

  private async plug(sandbox: Sandbox, asked: BridgeNetwork, wish: EndpointRequest): Promise<void> {
    const network = await this.raise(asked);
    const pool = this.poolOf(network);
    const endpoint: Plugged = endpointOf(sandbox, network, wish, pool.take(wish.ipv4));
    try {
      const isWayOut = !network.internal && this.wayOut(sandbox) === undefined;
      this.links.plug(network, endpoint, sandbox.namespace, endpoint.device, isWayOut);
    } catch (error) {
      pool.giveBack(endpoint.address);
      throw error;
    }
    sandbox.endpoints.set(network.name, endpoint);
  }

  /** Makes a network's bridge, elsewhere if its place is taken; one engine of this computer at a time looks and makes. */
  private async raise(asked: BridgeNetwork): Promise<BridgeNetwork> {
    if (this.isUsed(asked) || this.links.isRaised(asked)) {
      this.links.raise(asked);
      this.raised.add(asked.id);
      return asked;
    }
    const lock = await lockFile(this.placesLock, PLACES_PATIENCE_MS);
    if (lock === null)
      throw new Failure('state', 'networks-busy', `networks: ${this.placesLock} is held, and not given back`);
    try {
      const network = placeNetwork(asked, this.store.bridges(), hostRoutes());
      if (network !== asked) {
        log('warn', 'network-moved', { network: network.name, from: asked.subnet, to: network.subnet });
        this.pools.delete(network.id);
        this.store.put(network);
      }
      this.links.raise(network);
      this.raised.add(network.id);
      return network;
    } finally {
      lock.dispose();
    }
  }

  private async unplug(sandbox: Sandbox, name: string): Promise<void> {
    const endpoint = sandbox.endpoints.get(name);
    if (endpoint === undefined) return this.settle();
    const before = this.wayOut(sandbox);
    sandbox.endpoints.delete(name);
    this.release(endpoint);
    const after = this.wayOut(sandbox);
    if (before !== after) {
      if (after !== undefined) routeBy(sandbox.namespace, after.gateway, after.device);
      const wishes = sandbox.publications.map(asWish);
      dropPorts(sandbox);
      await this.publish(sandbox, wishes);
    }
    await this.settle();
  }

  /** Takes everything away that a container had. */
  private async take(id: string): Promise<void> {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) return;
    this.sandboxes.delete(id);
    dropPorts(sandbox);
    for (const endpoint of sandbox.endpoints.values()) this.release(endpoint);
    closeNamespace(sandbox);
    try {
      await this.settle();
    } catch (error) {
      // Nobody's start waits for this; the next change tries it again.
      log('error', 'network-clearing', { id, why: asFailure(error).message });
    }
    this.files.remove(id);
  }

  private release(endpoint: Plugged): void {
    this.links.unplug(endpoint.endpointId);
    this.pools.get(endpoint.networkId)?.giveBack(endpoint.address);
  }

  private async publish(sandbox: Sandbox, wishes: readonly PortWish[]): Promise<void> {
    const target = this.wayOut(sandbox);
    if (target === undefined || wishes.length === 0) return;
    const owner = new Owner();
    try {
      for (const wish of wishes) sandbox.ports.push(owner.own(await holdPort(wish, target.address, this.sockets)));
      sandbox.publications = sandbox.ports.map(({ publication }) => publication);
    } catch (error) {
      sandbox.ports = [];
      owner.dispose();
      throw error;
    }
  }

  /** Finds again what an engine before this one made for a container that runs. */
  private async resume(sandbox: Sandbox, pid: number): Promise<void> {
    try {
      sandbox.namespace = openSync(`/proc/${pid}/ns/net`, 'r');
      await this.publish(sandbox, sandbox.publications.map(asWish));
    } catch (error) {
      log('error', 'network-recovery', { id: sandbox.id, why: asFailure(error).message });
    }
  }

  /** Bridges, name servers and the firewall as they must be for the endpoints there are. */
  private async settle(): Promise<void> {
    const used = this.store.bridges().filter((network) => this.isUsed(network));
    for (const [id, server] of this.servers) {
      if (used.some((network) => network.id === id)) continue;
      server?.dispose();
      this.servers.delete(id);
    }
    for (const id of this.raised) if (!used.some((network) => network.id === id)) this.lower(id);
    const bridges = used.map((network) => ({
      bridge: bridgeName(network),
      subnet: network.subnet,
      internal: network.internal,
      masquerade: network.options[OPTION.masquerade] !== 'false',
      amongThem: network.options[OPTION.amongThem] !== 'false',
    }));
    await this.firewall.set(
      bridges,
      [...this.sandboxes.values()].flatMap(({ publications }) => publications),
    );
    for (const network of used) if (!this.servers.has(network.id)) await this.serveNames(network);
  }

  private lower(id: string): void {
    this.links.lower({ id });
    this.raised.delete(id);
  }

  private async serveNames({ id, gateway, name }: BridgeNetwork): Promise<void> {
    this.servers.set(id, undefined);
    try {
      this.servers.set(id, await NameServer.open(gateway, this.names));
    } catch (error) {
      log('warn', 'name-server', { network: name, address: gateway, why: asFailure(error).message });
    }
  }

  private nameServersOf({ endpoints, servers }: Sandbox): string[] | undefined {
    const served = [...endpoints].filter(([, { networkId }]) => this.servers.get(networkId) !== undefined);
    const users = served.find(([name]) => name !== 'bridge');
    if (users !== undefined) return [users[1].gateway];
    // A server on this computer's own loopback is out of a container's reach: ours asks it in its place.
    const hostOnly = servers.length === 0 && this.nameServers().every((server) => /^(127\.|::1$)/.test(server));
    return hostOnly && served[0] !== undefined ? [served[0][1].gateway] : undefined;
  }

  private wayOut(sandbox: Sandbox): Plugged | undefined {
    return [...sandbox.endpoints.values()].find(({ networkId }) => !this.store.find(networkId)?.internal);
  }

  private bindingAddress(sandbox: Sandbox): string {
    const id = this.wayOut(sandbox)?.networkId;
    return (id === undefined ? undefined : this.store.find(id)?.options[OPTION.address]) ?? '';
  }

  private isUsed({ id }: Network): boolean {
    return [...this.sandboxes.values()].some(({ endpoints }) =>
      [...endpoints.values()].some(({ networkId }) => networkId === id),
    );
  }

  private poolOf(network: BridgeNetwork): AddressPool {
    const there = this.pools.get(network.id);
    if (there !== undefined) return there;
    const range = network.range === undefined ? undefined : Subnet.parse(network.range, 'ip-range');
    const pool = new AddressPool(
      Subnet.parse(network.subnet, 'subnet'),
      parseAddress(network.gateway) ?? 0,
      ...(range === undefined ? [] : [range]),
    );
    this.pools.set(network.id, pool);
    return pool;
  }

  private takeAgain({ networkId, address }: Plugged): void {
    const network = this.store.find(networkId);
    if (network === undefined || !isBridge(network)) return;
    try {
      this.poolOf(network).take(address);
    } catch (error) {
      log('warn', 'network-address', { address, why: asFailure(error).message });
    }
  }
}

/** On every link of one engine, and the name of its firewall table. */
export function engineMark(networks: string): string {
  return `bulkhead-${createHash('sha256').update(networks).digest('hex').slice(0, 12)}`;
}

function defaultNetwork(others: readonly BridgeNetwork[]): BridgeNetwork {
  return newNetwork({ name: 'bridge', driver: 'bridge', internal: false, labels: {}, options: {} }, others);
}

/** Nothing for a container that has nothing but loopback. */
function newSandboxOf(
  { id, name, host }: JoinRequest,
  networks: readonly (readonly [Network, EndpointRequest])[],
): Sandbox | undefined {
  const drivers = networks.map(([{ driver }]) => driver);
  const sharesHost = drivers.includes('host');
  if (!sharesHost && drivers.includes('null')) return undefined;
  return {
    id,
    name,
    servers: host.Dns,
    sharesHost,
    endpoints: new Map(),
    publications: [],
    ports: [],
    namespace: -1,
  };
}

function endpointOf(sandbox: Sandbox, network: BridgeNetwork, wish: EndpointRequest, address: string): Plugged {
  const used = new Set([...sandbox.endpoints.values()].map(({ device }) => device));
  let number = 0;
  while (used.has(`eth${number}`)) number++;
  return {
    networkId: network.id,
    endpointId: newId(),
    address,
    prefixLength: Subnet.parse(network.subnet, 'subnet').prefixLength,
    gateway: network.gateway,
    mac: wish.mac ?? macOf(address),
    aliases: [...new Set([...wish.aliases, sandbox.id.slice(0, 12)])],
    device: `eth${number}`,
  };
}

function asWish({ hostAddress, hostPort, protocol, port }: Sandbox['publications'][number]): PortWish {
  return { hostAddress, protocol, port, candidates: [hostPort] };
}

function linkOf({ endpointId }: Plugged): string {
  return portName(endpointId);
}

function dropPorts(sandbox: Sandbox): void {
  for (const port of sandbox.ports) port.dispose();
  sandbox.ports = [];
  sandbox.publications = [];
}

function closeNamespace(sandbox: Sandbox): void {
  if (sandbox.namespace >= 0) closeSync(sandbox.namespace);
  sandbox.namespace = -1;
}
