import type { Command } from 'commander';
import { asFailure, Failure } from '../../base/failure.ts';
import { containerPath, imagePath } from '../../docker-api/client/api-paths.ts';
import { type CliIo, printJson, printLine } from '../cli-io.ts';
import { openEngine } from './open-engine.ts';

/** `inspect`, `events`. */
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
