import type { NetworkSummary } from '../contract/container.ts';
import type { CallHandlers, StreamHandlers } from './contract-server.ts';
import { lookAfterEvents, type OpenEngine, serveUntilClosed } from './engine-stream.ts';

type NetworkCalls = { [N in keyof CallHandlers as N extends `network.${string}` ? N : never]: CallHandlers[N] };
type NetworkStreams = { [N in keyof StreamHandlers as N extends `network.${string}` ? N : never]: StreamHandlers[N] };

interface EngineNetwork {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Internal: boolean;
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[] };
}

interface EngineMember {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>> };
}

const BUILT_IN = ['bridge', 'host', 'none'];
const path = (name: string, what = ''): string => `/networks/${encodeURIComponent(name)}${what}`;

export function networkCalls(open: OpenEngine): NetworkCalls {
  return {
    'network.create': async ({ name, subnet, internal }) => {
      const pool = subnet.trim() === '' ? {} : { IPAM: { Config: [{ Subnet: subnet.trim() }] } };
      await (await open()).json('POST', '/networks/create', { body: { Name: name, Internal: internal, ...pool } });
      return undefined;
    },
    'network.connect': async ({ network, container }) => {
      await (await open()).json('POST', path(network, '/connect'), { body: { Container: container } });
      return undefined;
    },
    'network.disconnect': async ({ network, container }) => {
      await (await open()).json('POST', path(network, '/disconnect'), { body: { Container: container } });
      return undefined;
    },
    'network.remove': async ({ name }) => {
      await (await open()).json('DELETE', path(name));
      return undefined;
    },
  };
}

export function networkStreams(open: OpenEngine): NetworkStreams {
  return {
    'network.list': (_nothing, sink) =>
      serveUntilClosed(open, sink, (engine, closed) =>
        lookAfterEvents(engine, closed, ['network', 'container'], async () => {
          const [networks, containers] = await Promise.all([
            engine.json<EngineNetwork[]>('GET', '/networks'),
            engine.json<EngineMember[]>('GET', '/containers/json', { query: { all: true } }),
          ]);
          sink.emit(networks.map((network) => summary(network, containers)));
        }),
      ),
  };
}

function summary({ Id, Name, Driver, Internal, IPAM }: EngineNetwork, containers: EngineMember[]): NetworkSummary {
  const [pool] = IPAM.Config;
  return {
    id: Id,
    name: Name,
    driver: Driver,
    subnet: pool?.Subnet ?? '',
    gateway: pool?.Gateway ?? '',
    internal: Internal,
    builtIn: BUILT_IN.includes(Name),
    members: containers.flatMap((container) => {
      const place = container.NetworkSettings.Networks[Name];
      if (place === undefined) return [];
      return [{ id: container.Id, name: (container.Names[0] ?? '').slice(1), address: place.IPAddress }];
    }),
  };
}
