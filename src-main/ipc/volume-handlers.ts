import { prune } from '../docker-api/client/prune.ts';
import type { CallHandlers, StreamHandlers } from './contract-server.ts';
import { lookAfterEvents, type OpenEngine, serveUntilClosed } from './engine-stream.ts';

type VolumeCalls = { [N in keyof CallHandlers as N extends `volume.${string}` ? N : never]: CallHandlers[N] };
type VolumeStreams = { [N in keyof StreamHandlers as N extends `volume.${string}` ? N : never]: StreamHandlers[N] };

interface EngineVolume {
  readonly Name: string;
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  readonly Labels: Readonly<Record<string, string>>;
}

interface EngineUser {
  readonly Names: readonly string[];
  readonly Mounts: readonly { readonly Name?: string }[];
}

export function volumeCalls(open: OpenEngine): VolumeCalls {
  return {
    'volume.create': async ({ name }) => {
      await (await open()).json('POST', '/volumes/create', { body: { Name: name } });
      return undefined;
    },
    'volume.remove': async ({ name }) => {
      await (await open()).json('DELETE', `/volumes/${encodeURIComponent(name)}`);
      return undefined;
    },
    'volume.prune': async () => prune(await open(), 'volumes', { all: ['true'] }),
  };
}

export function volumeStreams(open: OpenEngine): VolumeStreams {
  return {
    'volume.list': (_nothing, sink) =>
      serveUntilClosed(open, sink, (engine, closed) =>
        lookAfterEvents(engine, closed, ['volume', 'container'], async () => {
          const [{ Volumes }, containers] = await Promise.all([
            engine.json<{ Volumes: EngineVolume[] }>('GET', '/volumes'),
            engine.json<EngineUser[]>('GET', '/containers/json', { query: { all: true } }),
          ]);
          const usersOf = (volume: string): string[] =>
            containers
              .filter(({ Mounts }) => Mounts.some(({ Name }) => Name === volume))
              .map(({ Names }) => (Names[0] ?? '').slice(1));
          sink.emit(
            Volumes.map(({ Name, Mountpoint, CreatedAt, Labels }) => ({
              name: Name,
              folder: Mountpoint,
              createdAt: CreatedAt,
              anonymous: Labels['com.docker.volume.anonymous'] !== undefined,
              users: usersOf(Name),
            })),
          );
        }),
      ),
  };
}
