import { z } from 'zod';
import { Failure } from '../../base/failure.ts';
import type { Container } from '../../containers/lifecycle/container.ts';
import { connectNetwork, disconnectNetwork } from '../../containers/lifecycle/join-networks.ts';
import type { Network } from '../../containers/lifecycle/ports.ts';
import { isPredefined } from '../../containers/networks/new-network.ts';
import { done, json, type Route, route } from '../server/route.ts';
import * as requests from '../types/network-requests.ts';
import { allowFilters, type Filters, filters, timeMs } from '../types/query.ts';
import { hasLabel } from '../views/event-view.ts';
import { networkView } from '../views/network-view.ts';
import type { EngineServices } from './engine-services.ts';

/** Docker API 1.47 "Network". */
export function networkRoutes({ networks, containers, events }: EngineServices): Route[] {
  const usersOf = ({ name }: Network): Container[] =>
    containers.list().filter(({ record }) => record.networks[name] !== undefined);
  const runningIn = (network: Network): Container[] => usersOf(network).filter(({ live }) => live);
  const remove = async (network: Network): Promise<void> => {
    await networks.remove(network.id);
    // Containers that do not run forget it: they could not start again.
    for (const container of usersOf(network)) await disconnectNetwork(container, containers.shared, network);
    events.fire('network', 'destroy', network.id, { name: network.name, type: network.driver });
  };

  return [
    route('GET', '/networks', { query: z.object({ filters }) }, ({ query }) => {
      const shown = networks.list().filter(networkFilter(query.filters, (network) => usersOf(network).length > 0));
      return json(shown.map((network) => networkView(network)));
    }),
    route('POST', '/networks/create', { body: requests.networkBody }, async ({ body }) => {
      const network = await networks.create(requests.networkRequest(body));
      events.fire('network', 'create', network.id, { name: network.name, type: network.driver });
      return json({ Id: network.id, Warning: '' }, 201);
    }),
    route('GET', '/networks/{id}', {}, ({ path }) => {
      const network = networks.get(path.id ?? '');
      return json(networkView(network, runningIn(network)));
    }),
    route('DELETE', '/networks/{id}', {}, async ({ path }) => {
      const network = networks.get(path.id ?? '');
      if (isPredefined(network.name)) {
        throw new Failure(
          'usage',
          'predefined-network',
          `${network.name} is a pre-defined network and cannot be removed`,
        );
      }
      const running = runningIn(network);
      if (running.length > 0) {
        const who = running.map(({ record }) => record.name).join(', ');
        throw new Failure(
          'state',
          'network-in-use',
          `error while removing network: network ${network.name} has active endpoints (${who})`,
        );
      }
      await remove(network);
      return done();
    }),
    route('POST', '/networks/{id}/connect', { body: requests.connectBody }, async ({ path, body }) => {
      const network = networks.get(path.id ?? '');
      const wish = requests.endpointRequest(body.EndpointConfig);
      await connectNetwork(containers.find(body.Container), containers.shared, network, wish);
      return { kind: 'empty', status: 200 };
    }),
    route('POST', '/networks/{id}/disconnect', { body: requests.disconnectBody }, async ({ path, body }) => {
      await disconnectNetwork(containers.find(body.Container), containers.shared, networks.get(path.id ?? ''));
      return { kind: 'empty', status: 200 };
    }),
    route('POST', '/networks/prune', { query: z.object({ filters }) }, async ({ query }) => {
      allowFilters(query.filters, ['label', 'label!', 'until']);
      const matches = networkFilter(query.filters, () => true);
      const idle = networks
        .list()
        .filter((network) => !isPredefined(network.name) && usersOf(network).length === 0 && matches(network));
      for (const network of idle) await remove(network);
      return json({ NetworksDeleted: idle.map(({ name }) => name) });
    }),
  ];
}

function networkFilter(given: Filters, isUsed: (network: Network) => boolean): (network: Network) => boolean {
  allowFilters(given, ['dangling', 'driver', 'id', 'label', 'label!', 'name', 'scope', 'type', 'until']);
  const tests: Readonly<Record<string, (network: Network, value: string) => boolean>> = {
    dangling: (network, value) =>
      (!isUsed(network) && !isPredefined(network.name)) === (value === 'true' || value === '1'),
    driver: ({ driver }, value) => driver === value,
    id: ({ id }, value) => id.startsWith(value),
    label: ({ labels }, value) => hasLabel(labels, value),
    'label!': ({ labels }, value) => !hasLabel(labels, value),
    name: ({ name }, value) => name.includes(value),
    scope: (_network, value) => value === 'local',
    type: ({ name }, value) => isPredefined(name) === (value === 'builtin'),
    until: ({ createdAt }, value) => Date.parse(createdAt) < (timeMs(value, Date.now()) ?? 0),
  };
  return (network) =>
    Object.entries(given).every(([kind, values]) => {
      const test = (value: string): boolean => tests[kind]?.(network, value) ?? false;
      return values.length === 0 || (kind.startsWith('label') ? values.every(test) : values.some(test));
    });
}
