import { writeFileSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import type { SystemCallFailure } from '../../linux/libc.ts';
import * as links from '../../linux/network-links.ts';
import { inNetworkNamespace, newNetworkNamespace } from '../../linux/network-namespace.ts';
import { RouteSocket } from '../../linux/route-socket.ts';
import { addressBytes, parseAddress, Subnet } from '../../network/ipv4.ts';
import type { Endpoint } from '../lifecycle/ports.ts';
import type { BridgeNetwork } from './network-store.ts';
import { OPTION } from './new-network.ts';

const DEFAULT_MTU = 1500;

export const BRIDGE_PREFIX = 'bh-';

/** linux/if.h: a name has at most 15 characters. */
export function bridgeName({ id }: { readonly id: string }): string {
  return `${BRIDGE_PREFIX}${id.slice(0, 12)}`;
}

export function portName(endpointId: string): string {
  return `bv-${endpointId.slice(0, 12)}`;
}

/** The links of one engine's bridge networks. `mark` is on every one of them, so that they are known again after a crash. */
export class BridgeLinks {
  constructor(private readonly mark: string) {}

  isRaised(network: BridgeNetwork): boolean {
    return withSocket((socket) => links.findLink(socket, bridgeName(network)) !== undefined);
  }

  /** Makes the bridge of a network with its gateway's address, unless it is there. */
  raise(network: BridgeNetwork): void {
    const name = bridgeName(network);
    withSocket((socket) => {
      if (links.findLink(socket, name) !== undefined) return;
      const gateway = numberOf(network.gateway);
      const subnet = Subnet.parse(network.subnet, 'subnet');
      explained(() =>
        links.makeBridge(socket, { name, mac: macOf(network.gateway), alias: this.mark, mtu: mtuOf(network) }),
      );
      try {
        const { index } = linkNamed(socket, name);
        links.addAddress(socket, index, addressOf(gateway, subnet), `bridge ${name}`);
        // For what comes from 127.0.0.1 and is sent on to a container; the firewall lets nothing else make use of it.
        writeFileSync(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1');
        // Once on, others may count on it: it stays.
        writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
      } catch (error) {
        links.deleteLink(socket, name);
        throw error;
      }
    });
  }

  /** Puts the network namespace open as `namespace` on a network's bridge. */
  plug(network: BridgeNetwork, endpoint: Endpoint, namespace: number, device: string, isDefault: boolean): void {
    const port = portName(endpoint.endpointId);
    withSocket((socket) => {
      const { index } = linkNamed(socket, bridgeName(network));
      const near = { name: port, bridge: index, alias: this.mark };
      explained(() => links.makeVeth(socket, near, { name: device, mac: endpoint.mac, namespace }, mtuOf(network)));
      try {
        // Where the kernel sends bridged frames through the firewall (br_netfilter), a container reaches a port it
        // publishes itself only by the way the frame came.
        const mode = { hairpin: true, isolated: network.options[OPTION.amongThem] === 'false' };
        links.setPortMode(socket, linkNamed(socket, port).index, mode, port);
        within(namespace, (inside) => configure(inside, network, endpoint, device, isDefault));
      } catch (error) {
        links.deleteLink(socket, port);
        throw error;
      }
    });
  }

  /** Takes an endpoint's links away; they may be gone with their namespace. */
  unplug(endpointId: string): void {
    removeIfThere(portName(endpointId));
  }

  lower(network: { readonly id: string }): void {
    removeIfThere(bridgeName(network));
  }

  /**
   * Deletes every link of this engine but those named.
   *
   * @param own names of bridges that are its own: one has no mark until it is quite made
   */
  sweep(kept: ReadonlySet<string>, own: ReadonlySet<string>): string[] {
    return withSocket((socket) => {
      const isOurs = ({ name, alias }: links.NetworkLink): boolean => alias === this.mark || own.has(name);
      const strays = links.listLinks(socket).filter((link) => isOurs(link) && !kept.has(link.name));
      for (const { name } of strays) deleteIfThere(socket, name);
      return strays.map(({ name }) => name);
    });
  }
}

/** A network namespace for a container; its interfaces have no IPv6 addresses, but for loopback's. */
export function newSandbox(): number {
  return newNetworkNamespace(() => {
    try {
      writeFileSync('/proc/sys/net/ipv6/conf/default/disable_ipv6', '1');
    } catch {
      // A kernel without IPv6.
    }
  });
}

/** The default route goes by the first network that leads anywhere. */
export function routeBy(namespace: number, gateway: string, device: string): void {
  within(namespace, (socket) =>
    links.addDefaultRoute(socket, linkNamed(socket, device).index, addressBytes(numberOf(gateway)), 'default route'),
  );
}

function configure(
  socket: RouteSocket,
  network: BridgeNetwork,
  endpoint: Endpoint,
  device: string,
  isDefault: boolean,
): void {
  const { index } = linkNamed(socket, device);
  const subnet = Subnet.parse(network.subnet, 'subnet');
  links.addAddress(socket, index, addressOf(numberOf(endpoint.address), subnet), device);
  links.bringLinkUp(socket, device);
  if (isDefault) links.addDefaultRoute(socket, index, addressBytes(numberOf(endpoint.gateway)), 'default route');
}

/** Docker's rule: an address of its own for each IPv4 address, the same whenever that is given out again. */
export function macOf(address: string): string {
  return ['02', '42', ...[...addressBytes(numberOf(address))].map((byte) => byte.toString(16).padStart(2, '0'))].join(
    ':',
  );
}

export function mtuOf({ options }: BridgeNetwork): number {
  return Number(options[OPTION.mtu] ?? DEFAULT_MTU);
}

function addressOf(address: number, subnet: Subnet): links.LinkAddress {
  const { prefixLength, last } = subnet;
  return { address: addressBytes(address), broadcast: addressBytes(last), prefixLength };
}

function numberOf(address: string): number {
  return parseAddress(address) ?? 0;
}

function linkNamed(socket: RouteSocket, name: string): links.NetworkLink {
  const link = links.findLink(socket, name);
  if (link !== undefined) return link;
  throw new Failure('failed', 'link-gone', `network interface ${name}: somebody deleted it`);
}

function removeIfThere(name: string): void {
  withSocket((socket) => deleteIfThere(socket, name));
}

function deleteIfThere(socket: RouteSocket, name: string): void {
  try {
    links.deleteLink(socket, name);
  } catch (error) {
    if ((error as SystemCallFailure).errnoName !== 'ENODEV') throw error;
  }
}

function within<T>(namespace: number, work: (socket: RouteSocket) => T): T {
  const socket = inNetworkNamespace(namespace, () => RouteSocket.open());
  try {
    return work(socket);
  } finally {
    socket.dispose();
  }
}

function withSocket<T>(work: (socket: RouteSocket) => T): T {
  const socket = RouteSocket.open();
  try {
    return work(socket);
  } finally {
    socket.dispose();
  }
}

/** What a kernel without bridges or veth says, in words. */
function explained(work: () => void): void {
  try {
    work();
  } catch (error) {
    const name = (error as SystemCallFailure).errnoName;
    if (name === 'ENOTSUP') {
      throw new Failure('host', 'no-bridge', `network: this kernel makes no bridge or veth devices`, {
        hint: '`modprobe bridge veth`, or use --network host or none',
        cause: error,
      });
    }
    if (name === 'EPERM') {
      throw new Failure('host', 'no-network-rights', 'network: this process may not make network devices', {
        hint: 'run the engine as root with CAP_NET_ADMIN, or use --network host or none',
        cause: error,
      });
    }
    throw error;
  }
}
