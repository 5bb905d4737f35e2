import { Failure } from '../../../src-main/base/failure.ts';
import type { EndpointRequest } from '../../../src-main/containers/lifecycle/container-record.ts';
import {
  type ContainerNetworks,
  type Joined,
  type JoinRequest,
  type Network,
  noNetwork,
} from '../../../src-main/containers/lifecycle/ports.ts';
import { withoutAddresses } from '../../../src-main/containers/networks/network-store.ts';
import { predefinedStays } from '../../../src-main/containers/networks/new-network.ts';

/** Two networks that need nothing: the host's own, and none but loopback. */
export class BareNetworks implements ContainerNetworks {
  private readonly modes = new Map<string, Joined>();
  private readonly networks: readonly Network[] = [
    withoutAddresses('host', '0'.repeat(64)),
    withoutAddresses('none', '1'.repeat(64)),
  ];

  check({ host, networks }: JoinRequest): Record<string, EndpointRequest> {
    const { NetworkMode } = host;
    if (!['default', 'bridge'].includes(NetworkMode) && !NetworkMode.startsWith('container:')) this.get(NetworkMode);
    return { ...networks };
  }

  async join(request: JoinRequest): Promise<Joined> {
    this.check(request);
    const namespace = request.host.NetworkMode === 'host' ? 'host' : undefined;
    const joined: Joined = { ...noNetwork, namespace };
    this.modes.set(request.id, joined);
    return joined;
  }

  async leave(id: string): Promise<void> {
    this.modes.delete(id);
  }

  joined(id: string): Joined {
    return this.modes.get(id) ?? noNetwork;
  }

  async recovered(): Promise<void> {}

  list(): Network[] {
    return [...this.networks];
  }

  get(nameOrId: string): Network {
    const found = this.networks.find(({ id, name }) => name === nameOrId || id === nameOrId);
    if (found !== undefined) return found;
    throw new Failure('not-found', 'no-such-network', `network ${nameOrId} not found`);
  }

  create(): Promise<Network> {
    return Promise.reject(needsRoot());
  }

  remove(id: string): Promise<void> {
    return Promise.reject(predefinedStays(this.get(id).name));
  }

  connect(): Promise<Joined> {
    return Promise.reject(needsRoot());
  }

  disconnect(): Promise<Joined> {
    return Promise.reject(needsRoot());
  }

  rename(): void {}
  dispose(): void {}
}

function needsRoot(): Failure {
  return new Failure('host', 'network-needs-root', 'network: bridge networks need an engine that runs as root', {
    hint: 'run the engine as root, or use --network host or none',
  });
}
