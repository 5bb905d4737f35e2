import type { Command } from 'commander';
import { asFailure, Failure } from '../../base/failure.ts';
import { containerPath, imagePath } from '../../docker-api/client/api-paths.ts';
import { bracketed, type PortBindings } from '../../docker-api/client/port-specs.ts';
import { type CliIo, printJson, printLine } from '../cli-io.ts';
import { openEngine } from './open-engine.ts';

/** Docker API 1.47 ChangeType, as docker(1) writes it. */
const CHANGES = ['C', 'A', 'D'] as const;

interface Published {
  readonly NetworkSettings: { readonly Ports: Readonly<Record<string, PortBindings[string] | null>> };
}

/** `inspect`, `events`, `diff`, `port`. */
export function addInspectVerbs(program: Command, io: CliIo): void {
  program
    .command('inspect')
    .description('everything about containers, images or volumes, as JSON')
    .argument('<name...>')
    .action(async (names: string[]) => {
      const engine = await openEngine(io);
      const found: unknown[] = [];
      for (const name of names) {
        const paths = [containerPath(name, '/json'), imagePath(name, '/json'), `/volumes/${encodeURIComponent(name)}`];
        let one: unknown;
        for (const path of paths) {
          one ??= await engine.json('GET', path).catch((error) => {
            if (asFailure(error).failureClass !== 'not-found') throw error;
            return undefined;
          });
        }
        if (one === undefined)
          throw new Failure('not-found', 'no-such-object', `${name}: there is no such container, image or volume`);
        found.push(one);
      }
      await printJson(io.stdout, found);
    });

  program
    .command('diff')
    .description("what a container changed of its image's files: A added, C changed, D deleted")
    .argument('<container>')
    .option('--json', 'as one JSON document')
    .action(async (container: string, { json }: { json?: boolean }) => {
      const engine = await openEngine(io);
      const path = containerPath(container, '/changes');
      const list = await engine.json<{ Path: string; Kind: 0 | 1 | 2 }[]>('GET', path);
      const changes = list.map(({ Path, Kind }) => ({ kind: CHANGES[Kind], path: Path }));
      if (json) return printJson(io.stdout, changes);
      for (const { kind, path: changed } of changes) await printLine(io.stdout, `${kind} ${changed}`);
    });

  program
    .command('port')
    .description("where a container's ports are published")
    .argument('<container>')
    .argument('[port]', 'just this one, as 80 or 53/udp')
    .option('--json', 'as one JSON document')
    .action(async (container: string, port: string | undefined, { json }: { json?: boolean }) => {
      const engine = await openEngine(io);
      const { NetworkSettings } = await engine.json<Published>('GET', containerPath(container, '/json'));
      const wanted = port === undefined || port.includes('/') ? port : `${port}/tcp`;
      const published = Object.entries(NetworkSettings.Ports)
        .filter(([name]) => wanted === undefined || name === wanted)
        .flatMap(([name, hosts]) =>
          (hosts ?? []).map(({ HostIp, HostPort }) => ({ port: name, host: `${bracketed(HostIp)}:${HostPort}` })),
        );
      if (wanted !== undefined && published.length === 0) {
        throw new Failure('not-found', 'no-such-port', `container ${container}: its port ${wanted} is not published`);
      }
      if (json) return printJson(io.stdout, published);
      for (const { port: name, host } of published) {
        await printLine(io.stdout, wanted === undefined ? `${name} -> ${host}` : host);
      }
    });

  program
    .command('events')
    .description('what happens in the engine, one JSON document a line')
    .option('--since <time>', 'from a time, or a duration like 10m, on')
    .option('--until <time>', 'up to a time')
    .action(async ({ since, until }: { since?: string; until?: string }) => {
      const engine = await openEngine(io);
      for await (const event of engine.lines('GET', '/events', { query: { since, until } })) {
        await printLine(io.stdout, JSON.stringify(event));
      }
    });
}
