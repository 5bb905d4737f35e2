import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { log } from '../../base/log.ts';
import { writeFileAtomically } from '../../inventory/atomic-file.ts';
import { type Lineage, readVersioned } from '../../inventory/versioned.ts';
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

const lineage: Lineage<z.infer<typeof sandboxFile>> = {
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

/** What must be known again after a restart of the engine, a file per container, lost with the computer's uptime like the containers. */
export class SandboxFiles {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  load(): Sandbox[] {
    return readdirSync(this.folder).flatMap((file): Sandbox[] => {
      if (!file.endsWith('.json')) return [];
      const path = join(this.folder, file);
      const read = readVersioned(readFileSync(path, 'utf8'), lineage);
      if ('value' in read) {
        const { version: _version, endpoints, ...rest } = read.value;
        return [{ ...rest, endpoints: new Map(Object.entries(endpoints)), ports: [], namespace: -1 }];
      }
      log('error', 'sandbox-unreadable', { file, why: read.broken });
      rmSync(path, { force: true });
      return [];
    });
  }

  save({ id, name, servers, sharesHost, endpoints, publications }: Sandbox): void {
    const file = { version: 1, id, name, servers, sharesHost, endpoints: Object.fromEntries(endpoints), publications };
    writeFileAtomically(this.path(id), `${JSON.stringify(file)}\n`);
  }

  remove(id: string): void {
    rmSync(this.path(id), { force: true });
  }

  private path(id: string): string {
    return join(this.folder, `${id}.json`);
  }
}
