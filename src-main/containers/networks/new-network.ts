import { Failure } from '../../base/failure.ts';
import { formatAddress, parseAddress, Subnet } from '../../network/ipv4.ts';
import { newId, requireName } from '../lifecycle/names.ts';
import type { NetworkRequest } from '../lifecycle/ports.ts';
import { freeSubnet } from './address-pool.ts';
import { hostRoutes } from './host-routes.ts';
import { type BridgeNetwork, PREDEFINED } from './network-store.ts';

/** What options of Docker's bridge driver mean here: the rest is refused, not forgotten. */
export const OPTION = {
  masquerade: 'com.docker.network.bridge.enable_ip_masquerade',
  amongThem: 'com.docker.network.bridge.enable_icc',
  address: 'com.docker.network.bridge.host_binding_ipv4',
  mtu: 'com.docker.network.driver.mtu',
  bridge: 'com.docker.network.bridge.name',
} as const;

const OPTIONS: readonly string[] = Object.values(OPTION).filter((name) => name !== OPTION.bridge);

/** A network as asked for, in none of the `reserved` subnets, or a failure that says why there can be none. */
export function newNetwork(
  request: NetworkRequest,
  others: readonly BridgeNetwork[],
  reserved: readonly Subnet[] = [],
): BridgeNetwork {
  refuse(request, others);
  const taken = [...reserved, ...others.map(({ subnet }) => Subnet.parse(subnet, 'subnet'))];
  const subnet =
    request.subnet === undefined
      ? freeSubnet([...taken, ...hostRoutes().map((route) => route.subnet)])
      : checkedSubnet(request.subnet, taken);
  const range = request.range === undefined ? undefined : Subnet.parse(request.range, 'ip-range');
  if (range !== undefined && !(subnet.contains(range.first) && subnet.contains(range.last))) {
    throw wrong(`ip-range ${request.range}: is not in subnet ${subnet}`);
  }
  const gateway = request.gateway === undefined ? subnet.first + 1 : (parseAddress(request.gateway) ?? -1);
  if (gateway <= subnet.first || gateway >= subnet.last) {
    throw wrong(`gateway ${request.gateway}: is no address of subnet ${subnet}`);
  }
  return {
    id: newId(),
    name: request.name,
    driver: 'bridge',
    createdAt: new Date().toISOString(),
    internal: request.internal,
    labels: request.labels,
    options: request.options,
    subnet: `${subnet}`,
    gateway: formatAddress(gateway),
    ...([request.subnet, request.gateway, request.range].every((one) => one === undefined) ? { fromPool: true } : {}),
    ...(range === undefined ? {} : { range: `${range}` }),
  };
}

function refuse({ name, driver, options }: NetworkRequest, others: readonly BridgeNetwork[]): void {
  requireName('network', name);
  if (driver !== '' && driver !== 'bridge' && driver !== 'default') {
    const reason =
      driver === 'host' || driver === 'null'
        ? `only one instance of "${driver}" network is allowed`
        : `plugin "${driver}" not found: bridge is the only driver here`;
    throw new Failure(driver === 'host' || driver === 'null' ? 'state' : 'not-found', 'no-such-driver', reason);
  }
  if (name === 'host' || name === 'none' || others.some((other) => other.name === name)) {
    throw new Failure('state', 'name-taken', `network with name ${name} already exists`);
  }
  if (name === 'default' || name === 'container') throw wrong(`network name ${name}: has a meaning of its own`);
  const unknown = Object.keys(options).find((option) => !OPTIONS.includes(option));
  if (unknown !== undefined) throw wrong(`network option ${unknown}: not supported`);
}

export function isPredefined(name: string): boolean {
  return (PREDEFINED as readonly string[]).includes(name);
}

/** What is wrong with removing one of those. */
export function predefinedStays(name: string): Failure {
  return new Failure('state', 'predefined', `${name} is a pre-defined network and cannot be removed`);
}

function checkedSubnet(text: string, taken: readonly Subnet[]): Subnet {
  const subnet = Subnet.parse(text, 'subnet');
  if (subnet.prefixLength < 8 || subnet.prefixLength > 29) {
    throw wrong(`subnet ${text}: a prefix from 8 to 29 bits is possible`);
  }
  if (taken.some((other) => other.overlaps(subnet))) {
    throw new Failure('state', 'subnet-taken', `subnet ${text}: Pool overlaps with other one on this address space`);
  }
  return subnet;
}

function wrong(message: string): Failure {
  return new Failure('usage', 'bad-network', message);
}
