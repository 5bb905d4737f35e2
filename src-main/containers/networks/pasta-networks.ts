import { join } from 'node:path';
import * as z from 'zod/mini';
import { asFailure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import type { Lineage } from '../../inventory/versioned.ts';
import { newId } from '../lifecycle/names.ts';
import { type Joined, type JoinRequest, type Network, noNetwork } from '../lifecycle/ports.ts';
import { withoutAddresses } from './network-store.ts';
import { PASTA_NETWORK, pastaPid, startPastaFor, stopPasta } from './pasta.ts';
import { portWishes } from './port-wishes.ts';
import { holdPort } from './published-ports.ts';
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
 * The networks an ordinary user's engine has from the start: what containers take for the default bridge is a network for
 * each alone, with a way out and published ports by pasta. Besides it there are the host's own, and none.
 */
export class PastaNetworks {
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

  async join({ id, config, host, networks }: JoinRequest): Promise<Joined> {
    await this.leave(id);
    const [name = 'bridge'] = Object.keys(networks);
    const driver = this.find(name)?.driver ?? 'null';
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
    return startPastaFor(pid, { pidFile: this.pidFile(id), publications: sandbox.publications });
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

  find(nameOrId: string): Network | undefined {
    return this.networks.find(({ id, name }) => name === nameOrId || id === nameOrId);
  }

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
