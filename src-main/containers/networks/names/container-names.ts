import type { Sandbox } from '../sandboxes.ts';
import type { NameBook } from './name-server.ts';

/** The network in which, as with Docker, nobody has a name. */
const NAMELESS = 'bridge';

/** The names of the containers in one network, for each other. */
export class ContainerNames implements NameBook {
  /** @param hostServers who is asked by those that have no servers of their own */
  constructor(
    private readonly sandboxes: () => Iterable<Sandbox>,
    private readonly hostServers: () => readonly string[],
  ) {}

  addressesOf(asker: string, name: string): readonly string[] | undefined {
    const found = this.neighbours(asker)
      .filter(({ network, names }) => names.some((own) => name === own || name === `${own}.${network}`))
      .map(({ address }) => address);
    return found.length === 0 ? undefined : found;
  }

  nameOf(asker: string, address: string): string | undefined {
    const found = this.neighbours(asker).find((one) => one.address === address);
    return found && `${found.names[0]}.${found.network}`;
  }

  serversFor(asker: string): readonly string[] {
    const servers = this.owner(asker)?.servers ?? [];
    return servers.length > 0 ? servers : this.hostServers();
  }

  private owner(address: string): Sandbox | undefined {
    return [...this.sandboxes()].find(({ endpoints }) =>
      [...endpoints.values()].some((one) => one.address === address),
    );
  }

  /** Every place in every network that the container at an address is in, its own too. */
  private neighbours(asker: string) {
    const own = this.owner(asker);
    if (own === undefined) return [];
    return [...own.endpoints.keys()]
      .filter((network) => network !== NAMELESS)
      .flatMap((network) =>
        [...this.sandboxes()].flatMap(({ name, endpoints }) => {
          const endpoint = endpoints.get(network);
          if (endpoint === undefined) return [];
          const names = [name, ...endpoint.aliases].map((one) => one.toLowerCase());
          return [{ network: network.toLowerCase(), address: endpoint.address, names }];
        }),
      );
  }
}
