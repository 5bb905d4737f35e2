import * as z from 'zod/mini';
import type { Lineage } from '../../inventory/versioned.ts';
import type { Endpoint } from '../lifecycle/ports.ts';
import type { Publication } from './firewall.ts';
import type { HeldPort } from './published-ports.ts';

const endpoint = z.object({
  networkId: z.string(),
  endpointId: z.string(),
  address: z.string(),
  prefixLength: z.number(),
  gateway: z.string(),
  mac: z.string(),
  aliases: z.array(z.string()),
  device: z.string(),
});

/** A `Publication` as it is kept. */
export const publication = z.object({
  hostAddress: z.string(),
  hostPort: z.number(),
  protocol: z.enum(['tcp', 'udp']),
  address: z.string(),
  port: z.number(),
});

const sandboxFile = z.object({
  version: z.literal(1),
  id: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  name: z.string(),
  /** `--dns`: who is asked for names that are no container's. */
  servers: z.array(z.string()),
  sharesHost: z.boolean(),
  endpoints: z.record(z.string(), endpoint),
  publications: z.array(publication),
});

type SandboxFile = z.infer<typeof sandboxFile>;

export const sandboxLineage: Lineage<SandboxFile> = {
  noun: 'sandbox',
  version: 1,
  schema: sandboxFile,
  steps: {},
};

/** An endpoint with the name its device has in the container. */
export interface Plugged extends Endpoint {
  readonly device: string;
}

/** A running container's side of the networks. */
export interface Sandbox {
  readonly id: string;
  name: string;
  readonly servers: readonly string[];
  readonly sharesHost: boolean;
  /** By the network's name; the first that leads anywhere is the way out. */
  readonly endpoints: Map<string, Plugged>;
  /** Known from before, until their ports are held again. */
  publications: readonly Publication[];
  ports: HeldPort[];
  /** Its network namespace, open; -1 while that is not to be had. */
  namespace: number;
}

/** A sandbox as it was kept: its ports are not held and its namespace is not open. */
export function sandboxOf({ version: _version, endpoints, ...rest }: SandboxFile): Sandbox {
  return { ...rest, endpoints: new Map(Object.entries(endpoints)), ports: [], namespace: -1 };
}

export function fileOf({ id, name, servers, sharesHost, endpoints, publications }: Sandbox): SandboxFile {
  const kept: SandboxFile['endpoints'] = {};
  for (const [network, endpoint] of endpoints) kept[network] = { ...endpoint, aliases: [...endpoint.aliases] };
  return { version: 1, id, name, servers: [...servers], sharesHost, endpoints: kept, publications: [...publications] };
}
