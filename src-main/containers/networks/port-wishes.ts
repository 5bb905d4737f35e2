import { Failure } from '../../base/failure.ts';
import type { ContainerConfig, HostConfig } from '../lifecycle/container-config.ts';
import type { PortWish } from './published-ports.ts';

const PORT_MAX = 65_535;

/** What a container wants published, from `-p` and `-P`. Docker API 1.47 HostConfig.PortBindings, PublishAllPorts. */
export function portWishes(config: ContainerConfig, host: HostConfig, defaultAddress = ''): PortWish[] {
  const wishes = Object.entries(host.PortBindings).flatMap(([spoken, bindings]) => {
    const { port, protocol } = parsePort(spoken);
    const asked = bindings.length === 0 ? [{ HostIp: '', HostPort: '' }] : bindings;
    return asked.map(({ HostIp, HostPort }): PortWish => {
      const hostAddress = HostIp === '' || HostIp === '0.0.0.0' || HostIp === '::' ? defaultAddress : HostIp;
      return { protocol, port, hostAddress, candidates: parseRange(HostPort) };
    });
  });
  if (!host.PublishAllPorts) return wishes;
  const more = Object.keys(config.ExposedPorts)
    .filter((spoken) => host.PortBindings[spoken] === undefined)
    .map((spoken): PortWish => ({ ...parsePort(spoken), hostAddress: defaultAddress, candidates: [] }));
  return [...wishes, ...more];
}

/** `80/tcp`. */
function parsePort(text: string): { port: number; protocol: 'tcp' | 'udp' } {
  const [, number = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(\w+))?$/.exec(text) ?? [];
  const port = Number(number);
  if (number === '' || port < 1 || port > PORT_MAX) throw wrong(`invalid port specification: "${text}"`);
  if (protocol !== 'tcp' && protocol !== 'udp') throw wrong(`port ${text}: only tcp and udp can be published`);
  return { port, protocol };
}

/** `8080`, `8000-8010` for any of these, nothing or 0 for any there is. */
function parseRange(text: string): number[] {
  if (text === '' || text === '0') return [];
  const [, from = '', to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const first = Number(from);
  const last = Number(to);
  if (from === '' || first < 1 || last > PORT_MAX || last < first) throw wrong(`invalid host port: "${text}"`);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function wrong(message: string): Failure {
  return new Failure('usage', 'bad-port', message);
}
