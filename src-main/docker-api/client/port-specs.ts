import { isIPv4, isIPv6 } from 'node:net';
import { Failure } from '../../base/failure.ts';

/** Docker API 1.47 HostConfig.PortBindings: by port and protocol, `80/tcp`. */
export type PortBindings = Record<string, { HostIp: string; HostPort: string }[]>;

const SPEC = /^(?:(\[[^\]]*\]|[^:]*\.[^:]*):)?(?:(\d*|\d+-\d+):)?(\d+|\d+-\d+)(?:\/(tcp|udp))?$/;
const FORM = '[IP:][PORT:]PORT[/udp] is expected, or two ranges of ports of one length';

/** What `docker run --publish` takes: `80`, `8080:80`, `127.0.0.1:8080:80`, `[::1]::53/udp`, `0:80`, `8000-8002:80-82`. */
export function portBindingsOf(specs: readonly string[]): PortBindings {
  const bindings: PortBindings = {};
  for (const spec of specs) {
    const [matched, address = '', wanted = '', inner = '', protocol = 'tcp'] = SPEC.exec(spec) ?? [];
    const outer = wanted === '0' ? '' : wanted;
    const ip = address.replace(/^\[(.*)\]$/, '$1');
    const [ours, theirs] = [portsOf(outer), portsOf(inner)];
    const good =
      matched !== undefined &&
      (ip === '' || isIPv4(ip) || isIPv6(ip)) &&
      theirs.every(Boolean) &&
      (outer === '' || (ours.every(Boolean) && ours.length === theirs.length));
    if (!good) throw new Failure('usage', 'bad-port', `port ${spec}: ${FORM}`);
    theirs.forEach((port, index) => {
      const key = `${port}/${protocol}`;
      const place = { HostIp: ip, HostPort: outer === '' ? '' : `${ours[index]}` };
      bindings[key] = [...(bindings[key] ?? []), place];
    });
  }
  return bindings;
}

/** An address as it is written before a port. */
export function bracketed(address: string): string {
  return isIPv6(address) ? `[${address}]` : address;
}

/** The same again as they are typed. */
export function portSpecsOf(bindings: Readonly<Record<string, PortBindings[string] | null>>): string[] {
  return Object.entries(bindings).flatMap(([port, places]) =>
    (places ?? []).map(({ HostIp, HostPort }) => {
      const address = bracketed(HostIp);
      const place = address === '' ? HostPort : `${address}:${HostPort}`;
      return `${place === '' ? '' : `${place}:`}${port.replace(/\/tcp$/, '')}`;
    }),
  );
}

/** `80` or `80-82`; a port that is none is 0. */
function portsOf(text: string): number[] {
  const [first = 0, last = first] = text.split('-').map(Number);
  if (!(first >= 1 && last >= first && last <= 65535)) return [0];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
