import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Failure } from '../../base/failure.ts';
import { dockerFolders } from './docker-folders.ts';

const SETTINGS = 'daemon.json';
const KEY = 'insecure-registries';
const settings = z.object({ [KEY]: z.optional(z.array(z.string())) });

export interface InsecureRegistries {
  /** `host[:port]` */
  readonly hosts: readonly string[];
  /** `address/length` */
  readonly subnets: readonly string[];
}

/** The registries that the user has called insecure where dockerd is told so, each by its name or a subnet. */
export function insecureRegistries(): InsecureRegistries {
  const entries = dockerFolders().flatMap((folder) => entriesIn(join(folder, SETTINGS)));
  return {
    hosts: entries.filter((entry) => !isSubnet(entry)),
    subnets: entries.filter(isSubnet),
  };
}

/** Whether a registry on `host[:port]` may be spoken to in plain HTTP, or have any certificate. */
export async function isCalledInsecure(host: string): Promise<boolean> {
  const { hosts, subnets } = insecureRegistries();
  if (hosts.includes(host)) return true;
  if (subnets.length === 0) return false;
  const among = new BlockList();
  for (const subnet of subnets) {
    const [address = '', length] = subnet.split('/');
    among.addSubnet(address, Number(length), familyOf(address));
  }
  const name = new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, '');
  const addresses = await lookup(name, { all: true }).catch(() => []);
  return addresses.some(({ address }) => among.check(address, familyOf(address)));
}

/** How to call one insecure, for whoever trusts the network to it. */
export function callInsecureHint(host: string): string {
  return `if you trust the network to it: put {"${KEY}": ["${host}"]} in ${join(dockerFolders()[1], SETTINGS)}`;
}

function entriesIn(path: string): readonly string[] {
  try {
    return settings.parse(JSON.parse(readFileSync(path, 'utf8')))[KEY] ?? [];
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    const why = cause instanceof z.core.$ZodError ? `"${KEY}" is no list of names` : (cause as Error).message;
    throw new Failure('host', 'registry-settings', `${path}: cannot be used: ${why}`, { cause });
  }
}

function isSubnet(entry: string): boolean {
  const [address = '', length = ''] = entry.split('/');
  return isIP(address) !== 0 && /^\d{1,3}$/.test(length) && Number(length) <= (isIP(address) === 4 ? 32 : 128);
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');
