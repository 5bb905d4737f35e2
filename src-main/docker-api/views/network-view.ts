import type { Container } from '../../containers/lifecycle/container.ts';
import type { Network } from '../../containers/lifecycle/ports.ts';

/** Docker API 1.47 Network; with the containers in it where they are given. */
export function networkView(network: Network, containers: readonly Container[] = []) {
  const { subnet, gateway, range } = network;
  const config =
    subnet === undefined ? [] : [{ Subnet: subnet, ...(range ? { IPRange: range } : {}), Gateway: gateway }];
  return {
    Name: network.name,
    Id: network.id,
    Created: network.createdAt,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: {}, Config: config },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: Object.fromEntries(containers.map((container) => [container.id, memberView(network, container)])),
    Options: network.options,
    Labels: network.labels,
  };
}

function memberView({ name }: Network, { record, joined }: Container) {
  const endpoint = joined.endpoints[name];
  return {
    Name: record.name,
    EndpointID: endpoint?.endpointId ?? '',
    MacAddress: endpoint?.mac ?? '',
    IPv4Address: endpoint === undefined ? '' : `${endpoint.address}/${endpoint.prefixLength}`,
    IPv6Address: '',
  };
}
