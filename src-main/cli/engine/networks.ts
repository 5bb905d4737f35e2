import type { Command } from 'commander';
import { prune } from '../../docker-api/client/prune.ts';
import { pairs, several } from '../arguments.ts';
import { type CliIo, printJson, printLine, write } from '../cli-io.ts';
import { type Column, table } from '../text.ts';
import { openEngine } from './open-engine.ts';

interface Network {
  readonly Id: string;
  readonly Name: string;
  readonly Driver: string;
  readonly Created: string;
  readonly Internal: boolean;
  readonly Labels: Readonly<Record<string, string>>;
  readonly IPAM: { readonly Config: readonly { readonly Subnet: string; readonly Gateway: string }[] };
}

interface CreateOptions {
  readonly subnet?: string;
  readonly gateway?: string;
  readonly ipRange?: string;
  readonly internal?: boolean;
  readonly label?: string[];
  readonly opt?: string[];
}

const networkPath = (name: string, what = ''): string => `/networks/${encodeURIComponent(name)}${what}`;

const COLUMNS: readonly Column<Network>[] = [
  { title: 'ID', text: ({ Id }) => Id.slice(0, 12) },
  { title: 'NAME', text: ({ Name }) => Name },
  { title: 'DRIVER', text: ({ Driver }) => Driver },
  { title: 'SUBNET', text: ({ IPAM }) => IPAM.Config.map(({ Subnet }) => Subnet).join(', ') },
  { title: 'GATEWAY', text: ({ IPAM }) => IPAM.Config.map(({ Gateway }) => Gateway).join(', ') },
];

/** `network ls`, `create`, `inspect`, `connect`, `disconnect`, `rm`, `prune`. */
export function addNetworkVerbs(group: Command, io: CliIo): void {
  group
    .command('ls')
    .alias('list')
    .description('every network')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const engine = await openEngine(io);
      const networks = await engine.json<Network[]>('GET', '/networks');
      if (json) return printJson(io.stdout, networks.map(jsonView));
      await write(io.stdout, table(io, networks, COLUMNS));
    });
  group
    .command('create')
    .description('make a network in which containers find each other by name')
    .argument('<name>')
    .option('--subnet <address/bits>', 'its addresses, as 172.30.0.0/16; otherwise the first that is free')
    .option('--gateway <address>', "the host's own address in it")
    .option('--ip-range <address/bits>', 'where addresses are given out from')
    .option('--internal', 'let it lead nowhere else')
    .option('-l, --label <name=value>', 'a label', several)
    .option('-o, --opt <name=value>', "an option of Docker's bridge driver", several)
    .action(async (name: string, options: CreateOptions) => {
      const engine = await openEngine(io);
      const { subnet, gateway, ipRange, internal = false } = options;
      const pool = { Subnet: subnet, Gateway: gateway, IPRange: ipRange };
      const given = subnet !== undefined || gateway !== undefined || ipRange !== undefined;
      const body = {
        Name: name,
        Internal: internal,
        Labels: pairs(options.label),
        Options: pairs(options.opt),
        ...(given ? { IPAM: { Config: [pool] } } : {}),
      };
      const { Id } = await engine.json<{ Id: string }>('POST', '/networks/create', { body });
      await printLine(io.stdout, Id);
    });
  group
    .command('inspect')
    .description('everything about a network, with the containers in it')
    .argument('<name>')
    .action(async (name: string) => {
      const engine = await openEngine(io);
      await printJson(io.stdout, await engine.json('GET', networkPath(name)));
    });
  group
    .command('connect')
    .description('put a container into a network, now and whenever it starts')
    .argument('<network>')
    .argument('<container>')
    .option('--alias <name>', 'another name for it there', several)
    .option('--ip <address>', 'an address of your choice')
    .action(async (network: string, container: string, { alias, ip }: { alias?: string[]; ip?: string }) => {
      const engine = await openEngine(io);
      const wish = { Aliases: alias ?? [], ...(ip === undefined ? {} : { IPAMConfig: { IPv4Address: ip } }) };
      const body = { Container: container, EndpointConfig: wish };
      await engine.json('POST', networkPath(network, '/connect'), { body });
    });
  group
    .command('disconnect')
    .description('take a container out of a network')
    .argument('<network>')
    .argument('<container>')
    .action(async (network: string, container: string) => {
      const engine = await openEngine(io);
      await engine.json('POST', networkPath(network, '/disconnect'), { body: { Container: container } });
    });
  group
    .command('rm')
    .description('remove networks that no running container is in')
    .argument('<name...>')
    .action(async (names: string[]) => {
      const engine = await openEngine(io);
      for (const name of names) {
        await engine.json('DELETE', networkPath(name));
        await printLine(io.stdout, name);
      }
    });
  group
    .command('prune')
    .description('remove every network that no container is in')
    .action(async () => {
      const engine = await openEngine(io);
      const { names } = await prune(engine, 'networks');
      for (const name of names) await printLine(io.stdout, name);
    });
}

/** The shape programs may rely on. */
function jsonView({ Id, Name, Driver, Created, Internal, Labels, IPAM }: Network) {
  const [pool] = IPAM.Config;
  return {
    id: Id,
    name: Name,
    driver: Driver,
    subnet: pool?.Subnet ?? null,
    gateway: pool?.Gateway ?? null,
    internal: Internal,
    createdAt: Created,
    labels: Labels,
  };
}
