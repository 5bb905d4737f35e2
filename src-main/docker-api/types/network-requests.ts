import { z } from 'zod';
import { Failure } from '../../base/failure.ts';
import type { EndpointRequest } from '../../containers/lifecycle/container-record.ts';
import type { NetworkRequest } from '../../containers/lifecycle/ports.ts';
import { endpointSettings } from './container-requests.ts';

const word = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const yes = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);
const map = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const addresses = z.looseObject({ Subnet: word, IPRange: word, Gateway: word, AuxiliaryAddresses: map });

/** Docker API 1.47 NetworkCreate. */
export const networkBody = z.looseObject({
  Name: z.string(),
  Driver: word,
  Internal: yes,
  Ingress: yes,
  ConfigOnly: yes,
  EnableIPv6: yes,
  Scope: word,
  IPAM: z.looseObject({ Driver: word, Config: z.array(addresses).nullish() }).nullish(),
  Options: map,
  Labels: map,
});

export const connectBody = z.looseObject({ Container: z.string().min(1), EndpointConfig: endpointSettings });
export const disconnectBody = z.looseObject({ Container: z.string().min(1), Force: yes });

export function networkRequest(body: z.infer<typeof networkBody>): NetworkRequest {
  if (body.EnableIPv6) throw later('IPv6 networks');
  if (body.Ingress || body.ConfigOnly || (body.Scope !== '' && body.Scope !== 'local')) throw later('swarm networks');
  const driver = body.IPAM?.Driver ?? '';
  if (driver !== '' && driver !== 'default') {
    throw new Failure(
      'not-found',
      'no-such-driver',
      `plugin "${driver}" not found: default is the only IPAM driver here`,
    );
  }
  const [pool, ...more] = body.IPAM?.Config ?? [];
  if (more.length > 0) throw later('more than one subnet in a network');
  if (pool !== undefined && Object.keys(pool.AuxiliaryAddresses).length > 0) throw later('auxiliary addresses');
  if (pool !== undefined && pool.Subnet === '' && (pool.Gateway !== '' || pool.IPRange !== '')) {
    throw new Failure('usage', 'bad-subnet', 'a gateway or an ip-range needs a subnet');
  }
  return {
    name: body.Name,
    driver: body.Driver,
    internal: body.Internal,
    labels: body.Labels,
    options: body.Options,
    ...(pool?.Subnet ? { subnet: pool.Subnet } : {}),
    ...(pool?.Gateway ? { gateway: pool.Gateway } : {}),
    ...(pool?.IPRange ? { range: pool.IPRange } : {}),
  };
}

/** What a user decides about a container's place in a network. */
export function endpointRequest(wish: z.infer<typeof endpointSettings>): EndpointRequest {
  const ipv4 = wish?.IPAMConfig?.IPv4Address;
  const mac = wish?.MacAddress;
  return { aliases: wish?.Aliases ?? [], ...(ipv4 ? { ipv4 } : {}), ...(mac ? { mac } : {}) };
}

function later(what: string): Failure {
  return new Failure('usage', 'not-in-this-release', `${what}: not in this release`);
}
