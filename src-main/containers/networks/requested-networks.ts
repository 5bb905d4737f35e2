import { Failure } from '../../base/failure.ts';
import { parseAddress, Subnet } from '../../network/ipv4.ts';
import type { EndpointRequest } from '../lifecycle/container-record.ts';
import type { JoinRequest, Network } from '../lifecycle/ports.ts';
import { portWishes } from './port-wishes.ts';

/** The network of a mode, in the words of `--network`. */
export function networkOfMode(mode: string): string {
  return mode === 'default' || mode === '' ? 'bridge' : mode;
}

/** The networks a container is to be in, by name, its main one first. */
export function requestedNetworks(
  { config, host, networks }: JoinRequest,
  get: (nameOrId: string) => Network,
): Record<string, EndpointRequest> {
  const wishes = portWishes(config, host);
  const mode = networkOfMode(host.NetworkMode);
  if (mode.startsWith('container:')) {
    if (wishes.length > 0) {
      throw conflict('port publishing and the container type network mode');
    }
    return {};
  }
  const main = get(config.NetworkDisabled ? 'none' : mode);
  const asked = new Map(Object.entries(networks).map(([name, wish]) => [get(networkOfMode(name)), wish] as const));
  const order = new Map([[main, asked.get(main) ?? { aliases: [] }], ...asked]);
  if (order.size > 1 && [...order.keys()].some(({ driver }) => driver !== 'bridge')) {
    throw conflict('host or none, and another network');
  }
  for (const [network, wish] of order) checkWish(network, wish);
  return Object.fromEntries([...order].map(([{ name }, wish]) => [name, wish]));
}

export function checkWish(network: Network, { aliases, ipv4 }: EndpointRequest): void {
  const isUsers = network.driver === 'bridge' && network.name !== 'bridge';
  if (aliases.length > 0 && !isUsers) {
    throw wrong('network-scoped alias is supported only for containers in user defined networks');
  }
  if (ipv4 === undefined) return;
  if (!isUsers) throw wrong('user specified IP address is supported on user defined networks only');
  const address = parseAddress(ipv4);
  if (address === undefined) throw wrong(`invalid IPv4 address: ${ipv4}`);
  if (!Subnet.parse(network.subnet ?? '', 'subnet').contains(address)) {
    throw wrong(`address ${ipv4}: is not in the network's subnet ${network.subnet}`);
  }
}

function conflict(what: string): Failure {
  return wrong(`conflicting options: ${what}`);
}

function wrong(message: string): Failure {
  return new Failure('usage', 'bad-network', message);
}
