import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import { sweepLeftovers, syncFolder, writeFileAtomically } from '../../inventory/atomic-file.ts';
import { type Lineage, readVersioned } from '../../inventory/versioned.ts';
import type { Network } from '../lifecycle/ports.ts';

const networkFile = z.object({
  version: z.literal(1),
  id: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  name: z.string(),
  driver: z.literal('bridge'),
  createdAt: z.string(),
  internal: z.boolean(),
  labels: z.record(z.string(), z.string()),
  options: z.record(z.string(), z.string()),
  subnet: z.string(),
  gateway: z.string(),
  range: z.optional(z.string()),
  fromPool: z.optional(z.boolean()),
});
type NetworkFile = z.infer<typeof networkFile>;

const lineage: Lineage<NetworkFile> = { noun: 'network', version: 1, schema: networkFile, steps: {} };

/** The network of containers that name none, and the two that need nothing. */
export const PREDEFINED = ['bridge', 'host', 'none'] as const;

export type BridgeNetwork = Network & {
  readonly driver: 'bridge';
  readonly subnet: string;
  readonly gateway: string;
  /** Nobody asked for its addresses: it may be given others. */
  readonly fromPool?: boolean;
};

export function isBridge(network: Network): network is BridgeNetwork {
  return network.driver === 'bridge';
}

/** Networks on disk, `<folder>/<id>.json`, and beside them the host's own and none. */
export class NetworkStore {
  private readonly networks = new Map<string, Network>();

  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    sweepLeftovers(folder);
    this.load();
  }

  /** Reads the folder, and again what another thread has put there. */
  load(): void {
    this.networks.clear();
    // Their ids stay the same for one engine.
    const idOf = (name: string): string => createHash('sha256').update(`${this.folder}\0${name}`).digest('hex');
    for (const name of ['host', 'none'] as const) this.add(withoutAddresses(name, idOf(name)));
    for (const file of readdirSync(this.folder)) this.read(file);
  }

  list(): Network[] {
    return [...this.networks.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  bridges(): BridgeNetwork[] {
    return this.list().filter(isBridge);
  }

  find(nameOrId: string): Network | undefined {
    const exact = this.networks.get(nameOrId) ?? this.list().find(({ name }) => name === nameOrId);
    if (exact !== undefined) return exact;
    const found = /^[0-9a-f]{1,64}$/.test(nameOrId) ? this.list().filter(({ id }) => id.startsWith(nameOrId)) : [];
    if (found.length > 1) {
      throw new Failure('usage', 'ambiguous-id', `network ${nameOrId} is ambiguous (${found.length} matches found)`);
    }
    return found[0];
  }

  get(nameOrId: string): Network {
    const network = this.find(nameOrId);
    if (network !== undefined) return network;
    throw new Failure('not-found', 'no-such-network', `network ${nameOrId} not found`);
  }

  put(network: BridgeNetwork): void {
    const file: NetworkFile = {
      version: 1,
      ...network,
      labels: { ...network.labels },
      options: { ...network.options },
    };
    writeFileAtomically(join(this.folder, `${network.id}.json`), `${JSON.stringify(file, null, 2)}\n`);
    syncFolder(this.folder);
    this.add(network);
  }

  remove(id: string): void {
    rmSync(join(this.folder, `${id}.json`), { force: true });
    this.networks.delete(id);
  }

  private read(file: string): void {
    if (!file.endsWith('.json')) return;
    const read = readVersioned(readFileSync(join(this.folder, file), 'utf8'), lineage);
    if ('value' in read) {
      const { version: _version, range, fromPool, ...network } = read.value;
      this.add({
        ...network,
        ...(range === undefined ? {} : { range }),
        ...(fromPool === undefined ? {} : { fromPool }),
      });
    } else log('error', 'network-unreadable', { file, why: read.broken });
  }

  private add(network: Network): void {
    this.networks.set(network.id, network);
  }
}

/** One of the two networks that are there without any file. */
export function withoutAddresses(name: 'host' | 'none', id: string): Network {
  return {
    id,
    name,
    driver: name === 'host' ? 'host' : 'null',
    createdAt: '1970-01-01T00:00:00Z',
    internal: false,
    labels: {},
    options: {},
  };
}
