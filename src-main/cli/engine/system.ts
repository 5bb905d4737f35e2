import type { Command } from 'commander';
import { prune } from '../../docker-api/client/prune.ts';
import { type CliIo, printJson, printLine, write } from '../cli-io.ts';
import { confirm } from '../confirm.ts';
import { type Column, facts, table } from '../text.ts';
import { openEngine } from './open-engine.ts';
import { spokenBytes } from './show-progress.ts';

/** Docker API 1.47 SystemDataUsageResponse, as far as it is shown. */
interface Usage {
  readonly LayersSize: number;
  readonly Images: readonly { readonly Containers: number }[];
  readonly Containers: readonly { readonly State: string; readonly SizeRw?: number }[];
  readonly Volumes: readonly { readonly UsageData?: { readonly Size: number; readonly RefCount: number } | null }[];
}

interface Info {
  readonly ServerVersion: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly Images: number;
  readonly DockerRootDir: string;
  readonly CgroupVersion: string;
  readonly SecurityOptions: readonly string[];
  readonly RegistryConfig: {
    readonly InsecureRegistryCIDRs: readonly string[];
    readonly IndexConfigs: Readonly<Record<string, { readonly Secure: boolean }>>;
  };
  readonly Warnings: readonly string[] | null;
}

interface Row {
  readonly kind: 'images' | 'containers' | 'volumes';
  readonly total: number;
  readonly inUse: number;
  readonly size: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'KIND', text: ({ kind }) => kind },
  { title: 'TOTAL', text: ({ total }) => `${total}`, align: 'right' },
  { title: 'IN USE', text: ({ inUse }) => `${inUse}`, align: 'right' },
  { title: 'SIZE', text: ({ size }) => spokenBytes(size), align: 'right' },
];

interface PruneOptions {
  readonly all?: boolean;
  readonly volumes?: boolean;
  readonly yes?: boolean;
  readonly force?: boolean;
}

/** `system df`, `info`, `prune`. */
export function addSystemVerbs(group: Command, io: CliIo): void {
  group
    .command('df')
    .description('what images, containers and volumes take of the disk')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const engine = await openEngine(io);
      const rows = rowsOf(await engine.json<Usage>('GET', '/system/df'));
      await (json ? printJson(io.stdout, rows) : write(io.stdout, table(io, rows, COLUMNS)));
    });

  group
    .command('info')
    .description('what the engine is, and what it lacks')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const engine = await openEngine(io);
      const info = await engine.json<Info>('GET', '/info');
      if (json) return printJson(io.stdout, info);
      const { InsecureRegistryCIDRs, IndexConfigs } = info.RegistryConfig;
      const insecure = Object.entries(IndexConfigs).filter(([, { Secure }]) => !Secure);
      await write(
        io.stdout,
        facts([
          ['version', info.ServerVersion],
          ['containers', `${info.Containers}, of which ${info.ContainersRunning} run`],
          ['images', `${info.Images}`],
          ['folder', info.DockerRootDir],
          ['control groups', `version ${info.CgroupVersion}`],
          ['security', info.SecurityOptions.map((option) => option.replace(/^name=/, '')).join(' ')],
          ['insecure registries', [...insecure.map(([host]) => host), ...InsecureRegistryCIDRs].join(' ')],
        ]),
      );
      for (const warning of info.Warnings ?? []) await printLine(io.stderr, warning.replace(/^WARNING:/, 'warning:'));
    });

  group
    .command('prune')
    .description('remove containers that do not run, networks nobody is in, and images without a name')
    .option('-a, --all', 'every image that no container is of')
    .option('--volumes', 'volumes without a name that no container has, too')
    .option('-y, --yes', 'without asking')
    .option('-f, --force', 'the same, in the spelling of docker')
    .action(async ({ all, volumes, yes, force }: PruneOptions) => {
      const goes = [
        'every container that does not run',
        'every network that no container is in',
        ...(volumes ? ['every volume without a name that no container has'] : []),
        all ? 'every image that no container is of' : 'every image without a name',
      ];
      await printLine(io.stderr, `removing for good ${goes.join(', ')}`);
      if (!yes && !force) await confirm(io, 'remove them?', 'nothing removed');
      const engine = await openEngine(io);
      let freed = 0;
      for (const [kind, filters] of [
        ['containers', {}],
        ['networks', {}],
        ...(volumes ? ([['volumes', {}]] as const) : []),
        ['images', all ? { dangling: ['false'] } : {}],
      ] as const) {
        const { names, bytes } = await prune(engine, kind, filters);
        for (const name of names) await printLine(io.stdout, name);
        freed += bytes;
      }
      await printLine(io.stderr, `${spokenBytes(freed)} are free again`);
    });
}

function rowsOf({ LayersSize, Images, Containers, Volumes }: Usage): Row[] {
  const sum = (sizes: readonly (number | undefined)[]): number =>
    sizes.reduce<number>((all, one) => all + (one ?? 0), 0);
  return [
    {
      kind: 'images',
      total: Images.length,
      inUse: Images.filter(({ Containers: users }) => users > 0).length,
      size: LayersSize,
    },
    {
      kind: 'containers',
      total: Containers.length,
      inUse: Containers.filter(({ State }) => State === 'running' || State === 'paused').length,
      size: sum(Containers.map(({ SizeRw }) => SizeRw)),
    },
    {
      kind: 'volumes',
      total: Volumes.length,
      inUse: Volumes.filter(({ UsageData }) => (UsageData?.RefCount ?? 0) > 0).length,
      size: sum(Volumes.map(({ UsageData }) => UsageData?.Size)),
    },
  ];
}
