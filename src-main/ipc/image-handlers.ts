import { Failure } from '../base/failure.ts';
import { pullLines } from '../docker-api/client/pull-lines.ts';
import type { CallHandlers, StreamHandlers } from './contract-server.ts';
import { lookAfterEvents, type OpenEngine, serveUntilClosed } from './engine-stream.ts';

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
  readonly error?: string;
}

const time = (seconds: number): string => new Date(seconds * 1000).toISOString();
const pathOf = (name: string): string => `/images/${name.split('/').map(encodeURIComponent).join('/')}`;

export function imageCalls(open: OpenEngine): ImageCalls {
  return {
    'image.history': async ({ name }) => {
      const steps = await (await open()).json<EngineStep[]>('GET', `${pathOf(name)}/history`);
      return steps.map(({ CreatedBy, Size, Created }) => ({
        createdBy: CreatedBy,
        bytes: Size,
        createdAt: time(Created),
      }));
    },
    'image.remove': async ({ name }) => {
      await (await open()).json('DELETE', pathOf(name));
      return undefined;
    },
  };
}

export function imageStreams(open: OpenEngine): ImageStreams {
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
    // Closing the stream is going away, which cancels the pull.
    'image.pull': ({ name }, sink) =>
      serveUntilClosed(open, sink, async (engine, signal) => {
        for await (const line of pullLines<EngineProgress>(engine, name, { env: process.env, signal })) {
          if (line.error !== undefined) throw new Failure('failed', 'pull-failed', line.error);
          if (line.status === undefined) continue;
          const { current, total } = line.progressDetail ?? {};
          sink.emit({
            status: line.status,
            ...(line.id === undefined ? {} : { id: line.id }),
            ...(current === undefined ? {} : { current }),
            ...(total === undefined ? {} : { total }),
          });
        }
      }),
  };
}
