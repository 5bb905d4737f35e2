import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig } from './container-config.ts';

/** What a container's network knows about names. */
export interface NamingFacts {
  readonly hostname: string;
  readonly domainname: string;
  /** Of the container in its networks. */
  readonly addresses: readonly string[];
  /** Servers to ask; the host's own where there is no better. */
  readonly nameServers: readonly string[] | undefined;
  /** What `host-gateway` means: the host, as the container reaches it. */
  readonly hostAddress: string | undefined;
  readonly sharesHost: boolean;
}

const TARGETS = ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'] as const;

const LOOPBACK = /^(127\.|::1$)/;

/** Writes the three files a container gets over its own /etc, into `folder`: by target, where they are. */
export function writeEtcFiles(folder: string, host: HostConfig, facts: NamingFacts): Record<string, string> {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const contents: Readonly<Record<string, string>> = {
    '/etc/hostname': `${facts.hostname}\n`,
    '/etc/hosts': hostsFile(host, facts),
    '/etc/resolv.conf': resolvFile(host, facts),
  };
  const paths = etcPaths(folder);
  for (const [target, path] of Object.entries(paths)) writeFileSync(path, contents[target] ?? '', { mode: 0o644 });
  return paths;
}

/** Where they are once they are written. */
export function etcPaths(folder: string): Record<string, string> {
  return Object.fromEntries(TARGETS.map((target) => [target, join(folder, target.replace('/etc/', ''))]));
}

function hostsFile({ ExtraHosts }: HostConfig, facts: NamingFacts): string {
  const { hostname, domainname, addresses, sharesHost, hostAddress = '127.0.0.1' } = facts;
  if (sharesHost && (ExtraHosts ?? []).length === 0) return readOrEmpty('/etc/hosts');
  const names = domainname === '' ? hostname : `${hostname}.${domainname} ${hostname}`;
  const lines = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::\tip6-localnet',
    'ff00::\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    ...(ExtraHosts ?? []).map((entry) => {
      const at = entry.indexOf(':');
      const address = entry.slice(at + 1);
      return `${address === 'host-gateway' ? hostAddress : address}\t${entry.slice(0, at)}`;
    }),
    ...addresses.map((address) => `${address}\t${names}`),
  ];
  return `${lines.join('\n')}\n`;
}

function resolvFile({ Dns, DnsSearch, DnsOptions }: HostConfig, { nameServers, sharesHost }: NamingFacts): string {
  const lines = readOrEmpty('/etc/resolv.conf').split('\n');
  const of = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1).trim());
  const ofHost = of('nameserver').filter((server) => sharesHost || !LOOPBACK.test(server));
  const servers = nameServers ?? (Dns.length > 0 ? Dns : ofHost);
  const search = DnsSearch.length > 0 ? DnsSearch.filter((domain) => domain !== '.') : of('search');
  // A name server of ours knows names without a dot: those are asked for as they are, before any search domain.
  const usual = nameServers === undefined ? of('options') : ['ndots:0'];
  const options = DnsOptions.length > 0 ? DnsOptions : usual;
  const text = [
    ...servers.map((server) => `nameserver ${server}`),
    ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
    ...(options.length === 0 ? [] : [`options ${options.join(' ')}`]),
  ];
  return `${text.join('\n')}\n`;
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
