import { join } from 'node:path';
import * as z from 'zod/mini';
import { asFailure, Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import type { Lineage } from '../../inventory/versioned.ts';
import type { EndpointRequest } from '../lifecycle/container-record.ts';
import { newId } from '../lifecycle/names.ts';
import {
  type ContainerNetworks,
  type Joined,
  type JoinRequest,
  type Network,
  type NetworkRequest,
  noNetwork,
} from '../lifecycle/ports.ts';
import { withoutAddresses } from './network-store.ts';
import { predefinedStays } from './new-network.ts';
import { PASTA_NETWORK, pastaPid, startPasta, stopPasta } from './pasta.ts';
import { portWishes } from './port-wishes.ts';
import { holdPort } from './published-ports.ts';
import { requestedNetworks } from './requested-networks.ts';
import { SandboxFiles } from './sandbox-files.ts';
import { publication } from './sandboxes.ts';

const sandboxFile = z.object({
  version: z.literal(1),
  id: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
  endpointId: z.string(),
  sharesHost: z.boolean(),
  publications: z.array(publication),
});
type Sandbox = z.infer<typeof sandboxFile>;
const lineage: Lineage<Sandbox> = { noun: 'sandbox', version: 1, schema: sandboxFile, steps: {} };

const BRIDGE: Network = {
  ...withoutAddresses('none', '2'.repeat(64)),
  name: 'bridge',
  driver: 'bridge',
  subnet: PASTA_NETWORK.subnet,
  gateway: PASTA_NETWORK.gateway,
};

/**
 * The network driver of an engine that is an ordinary user's: what containers take for the default bridge is a network
 * for each alone, with a way out and published ports by pasta. Besides it there are the host's own, and none.
 */
export class PastaNetworks implements ContainerNetworks {
  private readonly files: SandboxFiles<Sandbox>;
  private readonly sandboxes: Map<string, Sandbox>;
  private readonly networks: readonly Network[] = [
    BRIDGE,
    withoutAddresses('host', '0'.repeat(64)),
    withoutAddresses('none', '1'.repeat(64)),
  ];

  constructor(private readonly folder: string) {
    this.files = new SandboxFiles(folder, lineage);
    this.sandboxes = new Map(this.files.load().map((sandbox) => [sandbox.id, sandbox]));
  }

  check(request: JoinRequest): Record<string, EndpointRequest> {
    return requestedNetworks(request, (name) => this.get(name));
  }

  async join({ id, config, host, networks }: JoinRequest): Promise<Joined> {
    await this.leave(id);
    const [name = 'bridge'] = Object.keys(networks);
    const { driver } = this.get(name);
    if (driver === 'null') return noNetwork;
    const publications: Sandbox['publications'] = [];
    for (const wish of driver === 'host' ? [] : portWishes(config, host)) {
      // Held for as long as it takes to see that it can be had: pasta listens itself.
      const held = await holdPort(wish, PASTA_NETWORK.address);
      publications.push(held.publication);
      held.dispose();
    }
    const sandbox: Sandbox = { version: 1, id, endpointId: newId(), sharesHost: driver === 'host', publications };
    this.files.save(sandbox);
    this.sandboxes.set(id, sandbox);
    return this.joined(id);
  }

  async attach(id: string, pid: number): Promise<number | undefined> {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined || sandbox.sharesHost) return undefined;
    return startPasta({ pid, pidFile: this.pidFile(id), publications: sandbox.publications });
  }

  async leave(id: string): Promise<void> {
    if (!this.sandboxes.delete(id)) return;
    stopPasta(this.pidFile(id));
    this.files.remove(id);
  }

  joined(id: string): Joined {
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) return noNetwork;
    if (sandbox.sharesHost) return { ...noNetwork, namespace: 'host' };
    const { address, prefixLength, gateway, mac, names } = PASTA_NETWORK;
    const { endpointId, publications } = sandbox;
    const endpoint = { networkId: BRIDGE.id, endpointId, address, prefixLength, gateway, mac, aliases: [] };
    const ports: Record<string, { HostIp: string; HostPort: string }[]> = {};
    for (const { port, protocol, hostAddress, hostPort } of publications) {
      const binding = { HostIp: hostAddress || '0.0.0.0', HostPort: `${hostPort}` };
      ports[`${port}/${protocol}`] = [...(ports[`${port}/${protocol}`] ?? []), binding];
    }
    return { namespace: undefined, endpoints: { bridge: endpoint }, nameServers: [names], ports };
  }

  async recovered(running: ReadonlyMap<string, JoinRequest & { readonly pid: number }>): Promise<void> {
    for (const { id, sharesHost } of [...this.sandboxes.values()]) {
      const container = running.get(id);
      if (container === undefined) await this.leave(id);
      else if (!sharesHost && pastaPid(this.pidFile(id)) === undefined) await this.attachAgain(id, container.pid);
    }
  }

  list(): Network[] {
    return [...this.networks];
  }

  get(nameOrId: string): Network {
    const found = this.networks.find(({ id, name }) => name === nameOrId || id === nameOrId);
    if (found !== undefined) return found;
    throw new Failure('not-found', 'no-such-network', `network ${nameOrId} not found`);
  }

  create({ name }: NetworkRequest): Promise<Network> {
    return Promise.reject(needsRoot(name));
  }

  remove(id: string): Promise<void> {
    return Promise.reject(predefinedStays(this.get(id).name));
  }

  connect(_request: JoinRequest, { name }: Network): Promise<Joined> {
    return Promise.reject(needsRoot(name));
  }

  disconnect(_id: string, { name }: Network): Promise<Joined> {
    return Promise.reject(needsRoot(name));
  }

  rename(): void {}
  dispose(): void {}

  private async attachAgain(id: string, pid: number): Promise<void> {
    try {
      await this.attach(id, pid);
    } catch (error) {
      log('error', 'network-recovery', { id, why: asFailure(error).message });
    }
  }

  private pidFile(id: string): string {
    return join(this.folder, `${id}.pid`);
  }
}

function needsRoot(name: string): Failure {
  return new Failure(
    'host',
    'network-needs-root',
    `network ${name}: networks of one's own need an engine that runs as root`,
    {
      hint: 'an ordinary user’s containers have bridge (each alone, with a way out), host and none',
    },
  );
}
