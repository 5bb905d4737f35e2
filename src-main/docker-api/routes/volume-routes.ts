import { z } from 'zod';
import { Failure } from '../../base/failure.ts';
import type { Volume } from '../../containers/volumes/volume-store.ts';
import { done, json, type Route, route } from '../server/route.ts';
import { allowFilters, type Filters, filters, flag } from '../types/query.ts';
import { hasLabel } from '../views/event-view.ts';
import type { EngineServices } from './engine-services.ts';
import { folderSize } from './folder-size.ts';

const word = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const map = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const createBody = z.looseObject({ Name: word, Driver: word, DriverOpts: map, Labels: map });

/** Docker API 1.47 "Volume". */
export function volumeRoutes({ volumes, containers, events }: EngineServices): Route[] {
  const fire = (action: string, name: string): void => events.fire('volume', action, name, { driver: 'local' });
  const isUsed = (name: string): boolean => containers.usersOf(name).length > 0;

  return [
    route('GET', '/volumes', { query: z.object({ filters }) }, ({ query }) => {
      const shown = volumes.list().filter(volumeFilter(query.filters, isUsed));
      return json({ Volumes: shown.map((volume) => volumeView(volume)), Warnings: null });
    }),
    route('POST', '/volumes/create', { body: createBody }, ({ body }) => {
      if (body.Driver !== '' && body.Driver !== 'local') {
        throw new Failure(
          'not-found',
          'no-such-driver',
          `error looking up volume plugin ${body.Driver}: plugin "${body.Driver}" not found`,
        );
      }
      const isNew = volumes.find(body.Name) === undefined;
      const volume = volumes.create({ name: body.Name, labels: body.Labels, options: body.DriverOpts });
      if (isNew) fire('create', volume.name);
      return json(volumeView(volume), 201);
    }),
    route('GET', '/volumes/{name}', {}, ({ path }) => json(volumeView(volumes.get(path.name ?? '')))),
    route('DELETE', '/volumes/{name}', { query: z.object({ force: flag }) }, ({ path, query }) => {
      const name = path.name ?? '';
      if (volumes.find(name) === undefined && query.force) return done();
      const users = containers.usersOf(volumes.get(name).name);
      if (users.length > 0) {
        throw new Failure(
          'state',
          'volume-in-use',
          `remove ${name}: volume is in use - [${users.map(({ id }) => id).join(', ')}]`,
        );
      }
      volumes.remove(name);
      fire('destroy', name);
      return done();
    }),
    route('POST', '/volumes/prune', { query: z.object({ filters }) }, async ({ query }) => {
      const { all, ...rest } = query.filters;
      const named = all?.some((value) => value === 'true' || value === '1') ?? false;
      const matches = volumeFilter(rest, isUsed);
      const idle = volumes
        .list()
        .filter((volume) => !isUsed(volume.name) && (named || volume.anonymous) && matches(volume));
      let SpaceReclaimed = 0;
      for (const { name, mountpoint } of idle) {
        SpaceReclaimed += await folderSize(mountpoint);
        volumes.remove(name);
        fire('destroy', name);
      }
      return json({ VolumesDeleted: idle.map(({ name }) => name), SpaceReclaimed });
    }),
  ];
}

/** Docker API 1.47 Volume. */
export function volumeView(volume: Volume, usage?: { size: number; users: number }) {
  const { anonymous, labels, options } = volume;
  return {
    CreatedAt: volume.createdAt,
    Driver: 'local',
    Labels: anonymous ? { 'com.docker.volume.anonymous': '', ...labels } : labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: Object.keys(options).length === 0 ? null : options,
    Scope: 'local',
    ...(usage === undefined ? {} : { UsageData: { Size: usage.size, RefCount: usage.users } }),
  };
}

function volumeFilter(given: Filters, isUsed: (name: string) => boolean): (volume: Volume) => boolean {
  allowFilters(given, ['dangling', 'driver', 'label', 'label!', 'name']);
  const tests: Readonly<Record<string, (volume: Volume, value: string) => boolean>> = {
    dangling: ({ name }, value) => isUsed(name) !== (value === 'true' || value === '1'),
    driver: (_volume, value) => value === 'local',
    label: ({ labels }, value) => hasLabel(labels, value),
    'label!': ({ labels }, value) => !hasLabel(labels, value),
    name: ({ name }, value) => name.includes(value),
  };
  return (volume) =>
    Object.entries(given).every(([kind, values]) => {
      const test = (value: string): boolean => tests[kind]?.(volume, value) ?? false;
      return values.length === 0 || (kind.startsWith('label') ? values.every(test) : values.some(test));
    });
}
