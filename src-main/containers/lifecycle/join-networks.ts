import { join } from 'node:path';
import { Failure } from '../../base/failure.ts';
import type { Container } from './container.ts';
import type { EndpointRequest } from './container-record.ts';
import type { EngineShared } from './engine-shared.ts';
import { etcPaths, writeEtcFiles } from './etc-files.ts';
import { type Joined, type JoinRequest, type Network, noNetwork } from './ports.ts';

export interface NetworkOfStart {
  readonly joined: Joined;
  /** Files of ours over the container's own, by target. */
  readonly etcFiles: Readonly<Record<string, string>>;
}

export function joinRequest({ id, record }: Container): JoinRequest {
  const { name, config, hostConfig, networks } = record;
  return { id, name, config, host: hostConfig, networks };
}

/** Before a start: its networks, and what its /etc says of them. */
export async function joinNetworks(container: Container, shared: EngineShared): Promise<NetworkOfStart> {
  const other = networkOwner(container, shared);
  if (other !== undefined) {
    other.requireRunning();
    const joined = { ...noNetwork, namespace: `/proc/${other.pid}/ns/net` };
    return { joined, etcFiles: etcPaths(etcFolder(other)) };
  }
  const joined = await shared.networks.join(joinRequest(container));
  return { joined, etcFiles: writeEtc(container, joined) };
}

/** A container joins a network, now if it runs and at every start. */
export async function connectNetwork(
  container: Container,
  shared: EngineShared,
  network: Network,
  wish: EndpointRequest,
): Promise<void> {
  const { record } = container;
  if (record.networks[network.name] !== undefined) {
    throw new Failure(
      'state',
      'connected-already',
      `endpoint with name ${record.name} already exists in network ${network.name}`,
    );
  }
  if (network.driver !== 'bridge' || Object.keys(record.networks).some((name) => name === 'host' || name === 'none')) {
    throw new Failure('state', 'not-a-bridge', `container ${record.name}: host and none are networks to be alone in`);
  }
  if (networkOwner(container, shared) !== undefined) {
    throw new Failure('state', 'shared-network', `container ${record.name}: its network is another container's`);
  }
  const request = joinRequest(container);
  shared.networks.check({ ...request, networks: { ...request.networks, [network.name]: wish } });
  if (container.live) {
    container.joined = await shared.networks.connect(request, network, wish);
    writeEtc(container, container.joined);
  }
  record.networks = { ...record.networks, [network.name]: wish };
  container.save();
  shared.events.fire('network', 'connect', network.id, { container: container.id, name: network.name, type: 'bridge' });
}

export async function disconnectNetwork(container: Container, shared: EngineShared, network: Network): Promise<void> {
  const { record } = container;
  if (record.networks[network.name] === undefined) {
    throw new Failure(
      'state',
      'not-connected',
      `container ${container.id} is not connected to network ${network.name}`,
    );
  }
  if (network.driver === 'host') {
    throw new Failure(
      'state',
      'host-network',
      'container cannot be disconnected from host network or connected to host network',
    );
  }
  if (container.live) {
    container.joined = await shared.networks.disconnect(container.id, network);
    writeEtc(container, container.joined);
  }
  const { [network.name]: _left, ...rest } = record.networks;
  record.networks = rest;
  container.save();
  const attributes = { container: container.id, name: network.name, type: network.driver };
  shared.events.fire('network', 'disconnect', network.id, attributes);
}

/** The container whose network this one shares, `--network container:NAME`. */
function networkOwner({ record }: Container, shared: EngineShared): Container | undefined {
  const [, other] = /^container:(.+)$/.exec(record.hostConfig.NetworkMode) ?? [];
  return other === undefined ? undefined : shared.find(other);
}

function etcFolder({ folder }: Container): string {
  return join(folder.folder, 'etc');
}

function writeEtc(container: Container, joined: Joined): Record<string, string> {
  const { config, hostConfig } = container.record;
  const endpoints = Object.values(joined.endpoints);
  return writeEtcFiles(etcFolder(container), hostConfig, {
    hostname: config.Hostname,
    domainname: config.Domainname,
    addresses: endpoints.map(({ address }) => address),
    nameServers: joined.nameServers,
    hostAddress: endpoints[0]?.gateway,
    sharesHost: joined.namespace === 'host',
  });
}
