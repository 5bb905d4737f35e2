import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { Failure } from '../../base/failure.ts';
import { containerPath, splitTag } from '../../docker-api/client/api-paths.ts';
import { readArchive, writeArchive } from '../../docker-api/client/archive-files.ts';
import { loadLines } from '../../docker-api/client/transfer-lines.ts';
import { several } from '../arguments.ts';
import { type CliIo, printLine } from '../cli-io.ts';
import { openEngine } from './open-engine.ts';
import { showProgress } from './show-progress.ts';

interface MadeOptions {
  readonly message?: string;
  readonly author?: string;
  readonly change?: string[];
  readonly pause: boolean;
}

/** Images as archives, and out of containers: `save`, `load`, `export`, `import`, `commit`. */
export function addArchiveVerbs(program: Command, io: CliIo): void {
  program
    .command('save')
    .description('write images into an archive')
    .argument('<image...>')
    .option('-o, --output <file>', 'the archive; stdout without')
    .action(async (names: string[], { output }: { output?: string }) => {
      const target = archiveTarget(io, output);
      const engine = await openEngine(io);
      const query = new URLSearchParams(names.map((name) => ['names', name]));
      await target(await engine.stream('GET', `/images/get?${query}`));
    });

  program
    .command('load')
    .description('take images out of an archive')
    .option('-i, --input <file>', 'the archive; stdin without')
    .action(async ({ input = '-' }: { input?: string }) => {
      const archive = archiveSource(io, input);
      const engine = await openEngine(io);
      await showProgress(io, loadLines(engine, archive));
    });

  program
    .command('export')
    .description("write a container's files into a tar archive")
    .argument('<container>')
    .option('-o, --output <file>', 'the archive; stdout without')
    .action(async (container: string, { output }: { output?: string }) => {
      const target = archiveTarget(io, output);
      const engine = await openEngine(io);
      await target(await engine.stream('GET', containerPath(container, '/export')));
    });

  program
    .command('import')
    .description('make an image of the files in a tar archive')
    .argument('<file>', '- is stdin')
    .argument('[name]', 'what to call it')
    .option('-c, --change <instruction>', "as CMD, ENV or EXPOSE, in a Dockerfile's spelling", several)
    .option('-m, --message <text>', 'for its history')
    .action(async (file: string, name: string | undefined, { change, message }: Omit<MadeOptions, 'pause'>) => {
      const upload = archiveSource(io, file);
      const engine = await openEngine(io);
      const query = imageQuery({ fromSrc: '-', message }, name, change);
      const lines = engine.lines<{ status?: string; error?: string }>('POST', `/images/create?${query}`, {
        upload,
        contentType: 'application/x-tar',
      });
      for await (const { status, error } of lines) {
        if (error !== undefined) throw new Failure('failed', 'import-failed', error);
        if (status !== undefined) await printLine(io.stdout, status);
      }
    });

  program
    .command('commit')
    .description("make an image of a container's files as they are now")
    .argument('<container>')
    .argument('[name]', 'what to call it')
    .option('-a, --author <name>', 'who made it')
    .option('-c, --change <instruction>', "as CMD, ENV or EXPOSE, in a Dockerfile's spelling", several)
    .option('-m, --message <text>', 'for its history')
    .option('--no-pause', 'do not freeze it meanwhile')
    .action(async (container: string, name: string | undefined, { author, change, message, pause }: MadeOptions) => {
      const engine = await openEngine(io);
      const query = imageQuery({ container, author, comment: message, pause: `${pause}` }, name, change);
      const { Id } = await engine.json<{ Id: string }>('POST', `/commit?${query}`);
      await printLine(io.stdout, Id);
    });
}

function imageQuery(
  plain: Readonly<Record<string, string | undefined>>,
  name: string | undefined,
  changes: readonly string[] = [],
): URLSearchParams {
  const { repo, tag } = name === undefined ? {} : splitTag(name);
  const known = Object.entries({ ...plain, repo, tag }).filter((entry): entry is [string, string] => !!entry[1]);
  return new URLSearchParams([...known, ...changes.map((change) => ['changes', change])]);
}

function archiveSource(io: CliIo, path: string): Readable {
  return path === '-' ? (io.stdin as Readable) : readArchive(path);
}

/** Where an archive goes; asked before there is one. */
function archiveTarget(io: CliIo, path: string | undefined): (archive: Readable) => Promise<void> {
  if (path === undefined && io.stdout.isTTY) {
    throw new Failure('usage', 'archive-to-terminal', 'an archive is nothing for a terminal', {
      hint: 'name a file with -o, or send it on to a program',
    });
  }
  if (path === undefined) return (archive) => pipeline(archive, io.stdout as unknown as Writable, { end: false });
  return (archive) => writeArchive(archive, path);
}
