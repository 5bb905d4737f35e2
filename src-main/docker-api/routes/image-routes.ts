import { z } from 'zod';
import { Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import type { Image } from '../../containers/images/image-store.ts';
import type { Container } from '../../containers/lifecycle/container.ts';
import { json, type Route, route } from '../server/route.ts';
import { progressAnswer } from '../streams/progress-lines.ts';
import { allowFilters, type Filters, filters, flag, flagByDefault, text, texts, timeMs } from '../types/query.ts';
import { registryAuth } from '../types/registry-auth.ts';
import { hasLabel } from '../views/event-view.ts';
import { historyView, imageInspect, imageSummary } from '../views/image-view.ts';
import type { EngineServices } from './engine-services.ts';

const FILTERS = ['dangling', 'label', 'label!', 'reference', 'before', 'since', 'until'];

/** Docker API 1.47 "Image". */
export function imageRoutes({ images, containers, events }: EngineServices): Route[] {
  const fire = (action: string, id: string, name: string): void => events.fire('image', action, id, { name });
  const usersOf = (image: Image): number =>
    containers.list().filter(({ record }) => record.imageId === image.id).length;
  const isRunning = (id: string): boolean =>
    containers.list().some((container) => container.id === id && container.live);

  return [
    route('GET', '/images/json', { query: z.object({ all: flag, filters }) }, ({ query }) => {
      const shown = images.list().filter(imageFilter(query.filters, (name) => images.resolve(name)));
      shown.sort((a, b) => (a.created < b.created ? 1 : -1));
      return json(shown.map((image) => imageSummary(image, usersOf(image))));
    }),
    route(
      'POST',
      '/images/create',
      {
        query: z.object({
          fromImage: text,
          fromSrc: text,
          repo: text,
          tag: text,
          message: text,
          platform: text,
          changes: texts,
        }),
      },
      ({ query, input, headers, gone }) => {
        const platform = query.platform === '' ? {} : { platform: query.platform };
        if (query.fromSrc !== '') {
          if (query.fromSrc !== '-')
            throw new Failure('usage', 'not-in-this-release', 'import from a URL: not in this release');
          return progressAnswer(gone, async (lines) => {
            const reference =
              query.repo === '' ? {} : { reference: query.tag ? `${query.repo}:${query.tag}` : query.repo };
            const { message, changes } = query;
            const image = await images.import(input, { ...reference, ...platform, message, changes, signal: gone });
            fire('import', image.id, image.id);
            lines.send({ status: image.id });
          });
        }
        const reference = joinReference(query.fromImage, query.tag);
        const auth = registryAuth(headers['x-registry-auth']);
        return progressAnswer(gone, async (lines) => {
          const image = await images.pull(reference, {
            ...platform,
            ...(auth === undefined ? {} : { auth }),
            progress: lines.step,
            signal: gone,
          });
          fire('pull', reference, reference);
          if (!lines.begun)
            lines.send({ status: `Status: Image is up to date for ${reference}`, id: image.id.slice(7, 19) });
        });
      },
    ),
    route('POST', '/images/load', { query: z.object({ quiet: flag, platform: text }) }, ({ input, gone }) =>
      progressAnswer(gone, async (lines) => {
        for (const image of await images.load(input, { signal: gone })) {
          const [name] = image.repoTags;
          lines.send({ stream: name === undefined ? `Loaded image ID: ${image.id}\n` : `Loaded image: ${name}\n` });
          fire('load', image.id, name ?? image.id);
        }
      }),
    ),
    route('GET', '/images/get', { query: z.object({ names: texts }) }, ({ query, gone }) => saved(query.names, gone)),
    route('GET', '/images/{name...}/get', {}, ({ path, gone }) => saved([path.name ?? ''], gone)),
    route('GET', '/images/{name...}/json', {}, ({ path }) => json(imageInspect(images.resolve(path.name ?? '')))),
    route('GET', '/images/{name...}/history', {}, ({ path }) => json(historyView(images.resolve(path.name ?? '')))),
    route('POST', '/images/{name...}/push', { query: z.object({ tag: text }) }, ({ path, query, headers, gone }) => {
      const reference = joinReference(path.name ?? '', query.tag);
      images.resolve(reference);
      const auth = registryAuth(headers['x-registry-auth']);
      return progressAnswer(gone, async (lines) => {
        lines.send({ status: `The push refers to repository [${path.name}]` });
        const pushed = await images.push(reference, {
          ...(auth === undefined ? {} : { auth }),
          progress: lines.step,
          signal: gone,
        });
        lines.send({ status: `${pushed.tag}: digest: ${pushed.digest} size: ${pushed.size}` });
        lines.send({ progressDetail: {}, aux: { Tag: pushed.tag, Digest: pushed.digest, Size: pushed.size } });
        fire('push', reference, reference);
      });
    }),
    route('POST', '/images/{name...}/tag', { query: z.object({ repo: text, tag: text }) }, async ({ path, query }) => {
      const { id } = images.resolve(path.name ?? '');
      const reference = joinReference(query.repo, query.tag);
      await images.tag(id, reference);
      fire('tag', id, reference);
      return { kind: 'empty', status: 201 };
    }),
    route(
      'DELETE',
      '/images/{name...}',
      { query: z.object({ force: flag, noprune: flag }) },
      async ({ path, query }) => {
        const removed = await images.remove(path.name ?? '', { force: query.force, noPrune: query.noprune, isRunning });
        return json(removed.map(removedView));
      },
    ),
    route('POST', '/images/prune', { query: z.object({ filters }) }, async ({ query }) => {
      const { dangling, ...rest } = query.filters;
      const all = dangling?.some((value) => value === 'false' || value === '0') ?? false;
      const matches = imageFilter(rest, (name) => images.resolve(name));
      const { removed, reclaimedBytes } = await images.prune({ dangling: !all, matches });
      return json({ ImagesDeleted: removed.map(removedView), SpaceReclaimed: reclaimedBytes });
    }),
    route(
      'POST',
      '/commit',
      {
        query: z.object({
          container: text,
          repo: text,
          tag: text,
          comment: text,
          author: text,
          pause: flagByDefault,
          changes: texts,
        }),
        body: z.nullish(z.looseObject({})),
      },
      async ({ query, gone }) => {
        const container = containers.find(query.container);
        const frozen = query.pause && container.status === 'running' && (await paused(container));
        try {
          const { config } = container.record;
          const image = await images.commit(container.id, {
            ...(query.repo === '' ? {} : { reference: joinReference(query.repo, query.tag) }),
            author: query.author,
            comment: query.comment,
            changes: query.changes,
            signal: gone,
            config: {
              User: config.User,
              ExposedPorts: config.ExposedPorts,
              Env: config.Env,
              Entrypoint: config.Entrypoint,
              Cmd: config.Cmd,
              Volumes: config.Volumes,
              WorkingDir: config.WorkingDir,
              Labels: config.Labels,
              StopSignal: config.StopSignal,
            },
          });
          container.fire('commit', { imageID: image.id });
          return json({ Id: image.id }, 201);
        } finally {
          if (frozen) await container.unpause();
        }
      },
    ),
  ];

  function saved(names: readonly string[], gone: AbortSignal) {
    for (const name of names) images.resolve(name);
    return {
      kind: 'stream',
      contentType: 'application/x-tar',
      write: (out: NodeJS.WritableStream) => images.save(names, out as never, { signal: gone }),
    } as const;
  }

  function removedView(removed: { untagged?: string; deleted?: string }) {
    if (removed.untagged !== undefined) fire('untag', removed.untagged, removed.untagged);
    if (removed.deleted !== undefined) fire('delete', removed.deleted, removed.deleted);
    return removed.untagged !== undefined ? { Untagged: removed.untagged } : { Deleted: removed.deleted };
  }
}

/** Where nothing can be paused, an image is made of what is there while the container goes on: without it there were none. */
async function paused(container: Container): Promise<boolean> {
  try {
    await container.pause();
    return true;
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'no-cgroup') throw error;
    log('warn', 'commit-unpaused', { id: container.id, why: error.message });
    return false;
  }
}

/** A name and a tag apart, where `tag` may also be a digest. */
function joinReference(name: string, tag: string): string {
  if (tag === '') return name;
  return tag.startsWith('sha256:') ? `${name}@${tag}` : `${name}:${tag}`;
}

function imageFilter(given: Filters, resolve: (name: string) => Image): (image: Image) => boolean {
  allowFilters(given, FILTERS);
  const labels = (image: Image): Record<string, string> => image.config.config?.Labels ?? {};
  const tests: Readonly<Record<string, (image: Image, value: string) => boolean>> = {
    dangling: (image, value) => (image.repoTags.length === 0) === (value === 'true' || value === '1'),
    label: (image, value) => hasLabel(labels(image), value),
    'label!': (image, value) => !hasLabel(labels(image), value),
    reference: (image, value) => image.repoTags.some((tag) => matchesPattern(value, tag)),
    before: (image, value) => image.created < resolve(value).created,
    since: (image, value) => image.created > resolve(value).created,
    until: (image, value) => Date.parse(image.created) < (timeMs(value, Date.now()) ?? 0),
  };
  return (image) =>
    Object.entries(given).every(([kind, values]) => {
      if (values.length === 0) return true;
      const test = (value: string): boolean => tests[kind]?.(image, value) ?? false;
      return kind.startsWith('label') ? values.every(test) : values.some(test);
    });
}

/** Go's path.Match, as far as `*` and `?`, against a name with or without its tag. */
function matchesPattern(pattern: string, tag: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '[^/]*')
    .replace(/\?/g, '[^/]');
  const regExp = new RegExp(`^${source}$`);
  return regExp.test(tag) || regExp.test(tag.replace(/:[^/:]*$/, ''));
}
