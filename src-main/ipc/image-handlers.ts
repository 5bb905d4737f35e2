import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../base/failure.ts';
import type { PullStep } from '../contract/container.ts';
import { imagePath } from '../docker-api/client/api-paths.ts';
import { readArchive, writeArchive } from '../docker-api/client/archive-files.ts';
import { prune } from '../docker-api/client/prune.ts';
import { loadLines, pullLines, pushLines } from '../docker-api/client/transfer-lines.ts';
import type { CallHandlers, StreamHandlers, StreamSink } from './contract-server.ts';
import { lookAfterEvents, type OpenEngine, serveUntilClosed } from './engine-stream.ts';
import type { Desktop } from './services.ts';

type ImageCalls = { [N in keyof CallHandlers as N extends `image.${string}` ? N : never]: CallHandlers[N] };
type ImageStreams = { [N in keyof StreamHandlers as N extends `image.${string}` ? N : never]: StreamHandlers[N] };

interface EngineImage {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly Created: number;
  readonly Size: number;
  readonly Containers: number;
}

interface EngineStep {
  readonly CreatedBy: string;
  readonly Size: number;
  readonly Created: number;
}

interface EngineProgress {
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  /** In place of a status, of a load. */
  readonly stream?: string;
  readonly error?: string;
}

/** Between two words of a transfer's progress. */
const TELL_MS = 100;

const time = (seconds: number): string => new Date(seconds * 1000).toISOString();

export function imageCalls(open: OpenEngine): ImageCalls {
  return {
    'image.history': async ({ name }) => {
      const steps = await (await open()).json<EngineStep[]>('GET', imagePath(name, '/history'));
      return steps.map(({ CreatedBy, Size, Created }) => ({
        createdBy: CreatedBy,
        bytes: Size,
        createdAt: time(Created),
      }));
    },
    'image.prune': async () => prune(await open(), 'images', { dangling: ['false'] }),
    'image.remove': async ({ name }) => {
      await (await open()).json('DELETE', imagePath(name));
      return undefined;
    },
  };
}

export function imageStreams(open: OpenEngine, desktop: Pick<Desktop, 'pickFile' | 'saveFile'>): ImageStreams {
  return {
    'image.list': (_nothing, sink) =>
      serveUntilClosed(open, sink, (engine, closed) =>
        lookAfterEvents(engine, closed, ['image', 'container'], async () => {
          const images = await engine.json<EngineImage[]>('GET', '/images/json');
          sink.emit(
            images.map(({ Id, RepoTags, Created, Size, Containers }) => ({
              id: Id,
              names: RepoTags.filter((name) => name !== '<none>:<none>'),
              createdAt: time(Created),
              bytes: Size,
              containers: Containers,
            })),
          );
        }),
      ),
    // Closing one of these streams is going away, which cancels what it is about.
    'image.pull': ({ name }, sink) =>
      serveUntilClosed(open, sink, (engine, signal) =>
        tellSteps(pullLines(engine, name, { env: process.env, signal }), sink),
      ),
    'image.push': ({ name }, sink) =>
      serveUntilClosed(open, sink, (engine, signal) =>
        tellSteps(pushLines(engine, name, { env: process.env, signal }), sink),
      ),
    'image.load': (_nothing, sink) =>
      serveUntilClosed(open, sink, async (engine, signal) => {
        const path = await desktop.pickFile('Choose an archive of images');
        if (path === null || signal.aborted) return;
        const upload = readArchive(path);
        const total = statSync(path).size;
        const told = onTheWay(upload, (current) =>
          sink.emit({ id: basename(path), status: 'Reading', current, total }),
        );
        try {
          await tellSteps(loadLines(engine, told, { signal }), sink);
        } finally {
          told.destroy();
        }
      }),
    'image.save': ({ name }, sink) =>
      serveUntilClosed(open, sink, async (engine, signal) => {
        const target = await desktop.saveFile(`Save ${name}`, `${name.replace(/[^\w.-]+/g, '_')}.tar`);
        if (target === null || signal.aborted) return;
        const archive = await engine.stream('GET', imagePath(name, '/get'), { signal });
        const told = onTheWay(archive, (current) => sink.emit({ id: basename(target), status: 'Writing', current }));
        await writeArchive(told, target);
      }),
  };
}

/** Emits what the engine tells of a transfer; throws what went wrong in it. */
async function tellSteps(lines: AsyncIterable<EngineProgress>, sink: StreamSink<PullStep>): Promise<void> {
  for await (const line of lines) {
    if (line.error !== undefined) throw new Failure('failed', 'transfer-failed', line.error);
    const status = line.status ?? line.stream?.trim();
    if (status === undefined) continue;
    const { current, total } = line.progressDetail ?? {};
    sink.emit({
      status,
      ...(line.id === undefined ? {} : { id: line.id }),
      ...(current === undefined ? {} : { current }),
      ...(total === undefined ? {} : { total }),
    });
  }
}

/** The same bytes, with a word now and then of how many have passed. */
function onTheWay(bytes: Readable, tell: (passed: number) => void): Readable {
  let passed = 0;
  let toldAt = 0;
  const counted = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      passed += chunk.length;
      const now = performance.now();
      if (now - toldAt >= TELL_MS) {
        toldAt = now;
        tell(passed);
      }
      done(null, chunk);
    },
    flush: (done) => {
      tell(passed);
      done();
    },
  });
  pipeline(bytes, counted).catch(() => undefined);
  return counted;
}
