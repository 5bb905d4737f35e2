import type { Command } from 'commander';
import { imagePath, splitTag } from '../../docker-api/client/api-paths.ts';
import { pullLines, pushLines } from '../../docker-api/client/transfer-lines.ts';
import { type CliIo, printJson, printLine, write } from '../cli-io.ts';
import { type Column, table } from '../text.ts';
import { openEngine } from './open-engine.ts';
import { showProgress, spokenBytes } from './show-progress.ts';

interface Summary {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly Created: number;
  readonly Size: number;
  readonly Containers: number;
}

const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 10);

const COLUMNS: readonly Column<Summary>[] = [
  { title: 'NAME', text: ({ RepoTags }) => RepoTags[0] ?? '<none>' },
  { title: 'ID', text: ({ Id }) => Id.slice(7, 19) },
  { title: 'CREATED', text: ({ Created }) => day(Created) },
  { title: 'SIZE', text: ({ Size }) => spokenBytes(Size), align: 'right' },
  { title: 'CONTAINERS', text: ({ Containers }) => `${Containers}`, align: 'right' },
];

/** Docker API 1.47 HistoryResponseItem. */
interface Step {
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Comment: string;
  readonly Size: number;
}

const STEP_COLUMNS: readonly Column<Step>[] = [
  { title: 'CREATED', text: ({ Created }) => day(Created) },
  { title: 'SIZE', text: ({ Size }) => spokenBytes(Size), align: 'right' },
  { title: 'BY', text: ({ CreatedBy, Comment }) => CreatedBy || Comment },
];

/** `images`, `pull`, `push`, `rmi`, `tag`, `history`. */
export function addImageVerbs(program: Command, io: CliIo): void {
  program
    .command('images')
    .description('images that are here')
    .option('-q, --quiet', 'ids only')
    .option('--json', 'as one JSON document')
    .action(async ({ quiet, json }: { quiet?: boolean; json?: boolean }) => {
      const engine = await openEngine(io);
      const list = await engine.json<Summary[]>('GET', '/images/json');
      if (json) return printJson(io.stdout, list.map(jsonView));
      if (quiet) return write(io.stdout, list.map(({ Id }) => `${Id.slice(7, 19)}\n`).join(''));
      if (list.length === 0) return printLine(io.stderr, 'no images yet: `bulkhead pull NAME` fetches one');
      await write(io.stdout, table(io, list, COLUMNS));
    });

  program
    .command('pull')
    .description('fetch an image from a registry')
    .argument('<image>')
    .action(async (image: string) => {
      const engine = await openEngine(io);
      const controller = new AbortController();
      const interrupt = io.onSignal('SIGINT', () => controller.abort());
      try {
        await showProgress(io, pullLines(engine, image, { env: io.env, signal: controller.signal }));
      } finally {
        interrupt.dispose();
      }
    });

  program
    .command('push')
    .description('send an image to a registry')
    .argument('<image>')
    .action(async (image: string) => {
      const engine = await openEngine(io);
      await showProgress(io, pushLines(engine, image, { env: io.env }));
    });

  program
    .command('rmi')
    .description('remove images, or names of them')
    .argument('<image...>')
    .option('-f, --force', 'also with several names, or used by containers that have ended')
    .action(async (images: string[], { force }: { force?: boolean }) => {
      const engine = await openEngine(io);
      for (const image of images) {
        const removed = await engine.json<{ Untagged?: string; Deleted?: string }[]>('DELETE', imagePath(image), {
          query: { force },
        });
        for (const { Untagged, Deleted } of removed) await printLine(io.stdout, Untagged ?? Deleted);
      }
    });

  program
    .command('tag')
    .description('give an image one more name')
    .argument('<image>')
    .argument('<name>')
    .action(async (image: string, name: string) => {
      const engine = await openEngine(io);
      await engine.json('POST', imagePath(image, '/tag'), { query: splitTag(name) });
    });

  program
    .command('history')
    .description('how an image came about, the last step first')
    .argument('<image>')
    .option('--json', 'as one JSON document')
    .action(async (image: string, { json }: { json?: boolean }) => {
      const engine = await openEngine(io);
      const steps = await engine.json<Step[]>('GET', imagePath(image, '/history'));
      await (json ? printJson(io.stdout, steps.map(stepView)) : write(io.stdout, table(io, steps, STEP_COLUMNS)));
    });
}

function jsonView({ Id, RepoTags, Created, Size, Containers }: Summary) {
  return {
    id: Id,
    names: RepoTags,
    createdAt: new Date(Created * 1000).toISOString(),
    size: Size,
    containers: Containers,
  };
}

function stepView({ Created, CreatedBy, Comment, Size }: Step) {
  return { createdAt: new Date(Created * 1000).toISOString(), by: CreatedBy, comment: Comment, size: Size };
}
