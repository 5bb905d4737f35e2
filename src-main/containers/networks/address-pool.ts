import { Failure } from '../../base/failure.ts';
import { formatAddress, parseAddress, Subnet } from '../../network/ipv4.ts';

/** Where networks that name no subnet get theirs, in this order: what Docker gives out, so that firewalls that know it are right. */
const POOLS: readonly { readonly base: Subnet; readonly prefixLength: number }[] = [
  { base: Subnet.parse('172.17.0.0/16', 'pool'), prefixLength: 16 },
  { base: Subnet.parse('172.18.0.0/15', 'pool'), prefixLength: 16 },
  { base: Subnet.parse('172.20.0.0/14', 'pool'), prefixLength: 16 },
  { base: Subnet.parse('172.24.0.0/13', 'pool'), prefixLength: 16 },
  { base: Subnet.parse('192.168.0.0/16', 'pool'), prefixLength: 20 },
];

/** The first subnet that nobody uses, neither a network of ours nor anything this computer has a route to. */
export function freeSubnet(used: readonly Subnet[]): Subnet {
  for (const { base, prefixLength } of POOLS) {
    for (let first = base.first; first <= base.last; first += 2 ** (32 - prefixLength)) {
      const subnet = new Subnet(first, prefixLength);
      if (!used.some((other) => other.overlaps(subnet))) return subnet;
    }
  }
  throw new Failure('state', 'no-free-subnet', 'network: every address pool is in use', {
    hint: 'choose a subnet with --subnet, or remove networks that nobody uses',
  });
}

/** Gives out the addresses of one subnet: the next one after the last, so that one just given back rests a while. */
export class AddressPool {
  private readonly taken = new Set<number>();
  private next: number;

  /** @param range where addresses nobody asks for come from */
  constructor(
    private readonly subnet: Subnet,
    gateway: number,
    private readonly range: Subnet = subnet,
  ) {
    this.taken.add(subnet.first).add(subnet.last).add(gateway);
    this.next = range.first;
  }

  take(wanted?: string): string {
    return formatAddress(wanted === undefined ? this.takeNext() : this.takeThis(wanted));
  }

  giveBack(address: string): void {
    this.taken.delete(parseAddress(address) ?? -1);
  }

  private takeThis(text: string): number {
    const address = parseAddress(text);
    if (address === undefined || !this.subnet.contains(address)) {
      throw new Failure('usage', 'bad-address', `address ${text}: is not in the network's subnet ${this.subnet}`);
    }
    if (this.taken.has(address)) throw new Failure('state', 'address-taken', `address ${text}: Address already in use`);
    this.taken.add(address);
    return address;
  }

  private takeNext(): number {
    const { first, last } = this.range;
    for (let tries = first; tries <= last; tries++) {
      const address = this.next;
      this.next = address >= last ? first : address + 1;
      if (this.taken.has(address)) continue;
      this.taken.add(address);
      return address;
    }
    throw new Failure('state', 'no-free-address', `subnet ${this.subnet}: no address is free`);
  }
}
