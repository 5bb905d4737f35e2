import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { Subnet } from '../../network/ipv4.ts';

/** A subnet that is reached by a route of its own, and by which network interface. */
export interface HostRoute {
  readonly device: string;
  readonly subnet: Subnet;
}

/** Everything the calling thread's network namespace has such a route to: a network over it would cut it off. */
export function hostRoutes(): HostRoute[] {
  const own = Object.entries(networkInterfaces()).flatMap(([device, addresses]) =>
    (addresses ?? [])
      .filter(({ family }) => family === 'IPv4')
      .map(({ cidr }) => ({ device, subnet: Subnet.parse(cidr ?? '', 'address') })),
  );
  return [...own, ...parseRoutes(readFileSync('/proc/thread-self/net/route', 'utf8'))];
}

/** proc(5) /proc/net/route: hexadecimal, in the byte order of the machine. The default route is no subnet. */
export function parseRoutes(text: string): HostRoute[] {
  const rows = text.trim().split('\n').slice(1);
  return rows.flatMap((row) => {
    const [device = '', destination = '', , , , , , mask = ''] = row.split('\t');
    const length = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length;
    const address = Buffer.from(destination, 'hex').reverse().readUInt32BE();
    return length === 0 ? [] : [{ device, subnet: new Subnet(address, length) }];
  });
}
