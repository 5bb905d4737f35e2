import { Failure } from '../../base/failure.ts';
import { formatAddress, Subnet } from '../../network/ipv4.ts';
import { freeSubnet } from './address-pool.ts';
import { BRIDGE_PREFIX, bridgeName } from './bridge-links.ts';
import type { HostRoute } from './host-routes.ts';
import type { BridgeNetwork } from './network-store.ts';

/**
 * Where a network can be when its bridge is made: what was free when it was chosen may be taken by now, by the bridge of
 * another engine or by wherever this computer has been carried to. One whose subnet came from the pools gets another;
 * one that was asked for stays, but not on top of another engine's.
 */
export function placeNetwork(
  network: BridgeNetwork,
  others: readonly BridgeNetwork[],
  routes: readonly HostRoute[],
): BridgeNetwork {
  const wanted = Subnet.parse(network.subnet, 'subnet');
  const foreign = routes.filter(({ device }) => device !== bridgeName(network));
  const clashes = foreign.filter(({ subnet }) => subnet.overlaps(wanted));
  const bridge = clashes.find(({ device }) => device.startsWith(BRIDGE_PREFIX));
  // Older files do not say; the subnet of the default network has never been anybody's wish.
  if (clashes.length > 0 && (network.fromPool || network.name === 'bridge')) {
    try {
      const taken = others.filter(({ id }) => id !== network.id).map(({ subnet }) => Subnet.parse(subnet, 'subnet'));
      const subnet = freeSubnet([...taken, ...foreign.map((route) => route.subnet)]);
      return { ...network, subnet: `${subnet}`, gateway: formatAddress(subnet.first + 1) };
    } catch (error) {
      // A route to everywhere, as of some VPNs, is nothing a network could avoid.
      if (bridge !== undefined) throw error;
    }
  }
  if (bridge === undefined) return network;
  const why = `is in use on this computer, by another engine's bridge ${bridge.device}`;
  throw new Failure('state', 'subnet-in-use', `network ${network.name}: its subnet ${network.subnet} ${why}`, {
    hint: 'remove the network and create it with another --subnet, or stop the containers of the other engine',
  });
}
