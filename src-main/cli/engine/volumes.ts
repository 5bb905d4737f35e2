import type { Command } from 'commander';
import { prune } from '../../docker-api/client/prune.ts';
import { type CliIo, printJson, printLine, write } from '../cli-io.ts';
import { confirm } from '../confirm.ts';
import { table } from '../text.ts';
import { openEngine } from './open-engine.ts';

interface Volume {
  readonly Name: string;
  readonly Driver: string;
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  readonly Labels: Readonly<Record<string, string>>;
}

/** `volume ls`, `create`, `inspect`, `rm`, `prune`. */
export function addVolumeVerbs(group: Command, io: CliIo): void {
  group
    .command('ls')
    .alias('list')
    .description('every volume')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const engine = await openEngine(io);
      const { Volumes } = await engine.json<{ Volumes: Volume[] }>('GET', '/volumes');
      if (json) return printJson(io.stdout, Volumes.map(jsonView));
      if (Volumes.length === 0) return printLine(io.stderr, 'no volumes yet: `bulkhead volume create NAME` makes one');
      const columns = [
        { title: 'NAME', text: ({ Name }: Volume) => Name },
        { title: 'FOLDER', text: ({ Mountpoint }: Volume) => Mountpoint },
      ];
      await write(io.stdout, table(io, Volumes, columns));
    });
  group
    .command('create')
    .description('make a volume')
    .argument('[name]')
    .action(async (name = '') => {
      const engine = await openEngine(io);
      const { Name } = await engine.json<Volume>('POST', '/volumes/create', { body: { Name: name } });
      await printLine(io.stdout, Name);
    });
  group
    .command('inspect')
    .description('everything about a volume')
    .argument('<name>')
    .action(async (name: string) => {
      const engine = await openEngine(io);
      await printJson(io.stdout, await engine.json('GET', `/volumes/${encodeURIComponent(name)}`));
    });
  group
    .command('rm')
    .description('remove volumes, with all their files')
    .argument('<name...>')
    .action(async (names: string[]) => {
      const engine = await openEngine(io);
      for (const name of names) {
        await engine.json('DELETE', `/volumes/${encodeURIComponent(name)}`);
        await printLine(io.stdout, name);
      }
    });
  group
    .command('prune')
    .description('remove volumes without a name that no container has, with all their files')
    .option('-a, --all', 'those with a name too')
    .option('-y, --yes', 'without asking')
    .action(async ({ all, yes }: { all?: boolean; yes?: boolean }) => {
      const which = all ? 'every volume' : 'every volume without a name';
      await printLine(io.stderr, `removing for good ${which} that no container has`);
      if (!yes) await confirm(io, 'remove them?', 'nothing removed');
      const engine = await openEngine(io);
      const { names } = await prune(engine, 'volumes', all ? { all: ['true'] } : {});
      for (const name of names) await printLine(io.stdout, name);
    });
}

function jsonView({ Name, Driver, Mountpoint, CreatedAt, Labels }: Volume) {
  return { name: Name, driver: Driver, folder: Mountpoint, createdAt: CreatedAt, labels: Labels };
}
