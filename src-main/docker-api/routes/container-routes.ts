import { z } from 'zod';
import { Failure } from '../../base/failure.ts';
import type { Container } from '../../containers/lifecycle/container.ts';
import { possibleLimits } from '../../containers/lifecycle/possible-limits.ts';
import { specResources } from '../../containers/lifecycle/spec/resources.ts';
import type { RootfsUsage } from '../../containers/rootfs/snapshots.ts';
import { done, json, type Route, route } from '../server/route.ts';
import { filterContainers } from '../types/container-filters.ts';
import * as requests from '../types/container-requests.ts';
import { endpointRequest } from '../types/network-requests.ts';
import { filters, text } from '../types/query.ts';
import { inspectView, summaryView } from '../views/container-view.ts';
import type { EngineServices } from './engine-services.ts';
import { topTable } from './top-table.ts';

/** Docker API 1.47 "Container", what is no stream. */
export function containerRoutes({ containers, images, controllers }: EngineServices): Route[] {
  const find = (path: Readonly<Record<string, string>>): Container => containers.find(path.id ?? '');
  const usageOf = (container: Container): Promise<RootfsUsage> => images.snapshots.usage(container.id);
  /** The name it was made by, while that still means the same image; its id otherwise. */
  const imageName = ({ record }: Container): string => {
    try {
      return images.resolve(record.config.Image).id === record.imageId ? record.config.Image : record.imageId;
    } catch {
      return record.imageId;
    }
  };

  return [
    route('GET', '/containers/json', { query: requests.listQuery }, async ({ query }) => {
      const shown = filterContainers(containers.list(), query, images);
      const sizes = query.size ? await Promise.all(shown.map(usageOf)) : [];
      return json(shown.map((container, i) => summaryView(container, imageName(container), sizes[i])));
    }),
    route(
      'POST',
      '/containers/create',
      { query: requests.createQuery, body: requests.createBody },
      async ({ query, body }) => {
        const { HostConfig, NetworkingConfig, ...config } = body;
        const asked = NetworkingConfig?.EndpointsConfig ?? {};
        const networks = Object.fromEntries(Object.entries(asked).map(([name, wish]) => [name, endpointRequest(wish)]));
        const { limits: hostConfig, warnings } = possibleLimits(HostConfig, controllers);
        const container = await containers.create({ name: query.name, config, hostConfig, networks });
        return json({ Id: container.id, Warnings: warnings }, 201);
      },
    ),
    route('GET', '/containers/{id}/json', { query: z.object({ size: text }) }, async ({ path, query }) => {
      const container = find(path);
      const view = inspectView(container);
      if (!['1', 'true'].includes(query.size)) return json(view);
      const { sizeRw, sizeRootFs } = await usageOf(container);
      return json({ ...view, SizeRw: sizeRw, SizeRootFs: sizeRootFs });
    }),
    route('POST', '/containers/{id}/start', {}, async ({ path }) => {
      await find(path).start();
      return done();
    }),
    route('POST', '/containers/{id}/stop', { query: requests.stopQuery }, async ({ path, query }) => {
      await find(path).stop(query.t, query.signal);
      return done();
    }),
    route('POST', '/containers/{id}/restart', { query: requests.stopQuery }, async ({ path, query }) => {
      await find(path).restart(query.t, query.signal);
      return done();
    }),
    route('POST', '/containers/{id}/kill', { query: z.object({ signal: text }) }, async ({ path, query }) => {
      await find(path).kill(query.signal);
      return done();
    }),
    route('POST', '/containers/{id}/pause', {}, async ({ path }) => {
      await find(path).pause();
      return done();
    }),
    route('POST', '/containers/{id}/unpause', {}, async ({ path }) => {
      await find(path).unpause();
      return done();
    }),
    route('POST', '/containers/{id}/rename', { query: z.object({ name: text }) }, ({ path, query }) => {
      containers.rename(find(path), query.name);
      return done();
    }),
    route('POST', '/containers/{id}/update', { body: requests.updateBody }, async ({ path, body }) => {
      const { limits, warnings } = possibleLimits(body, controllers);
      await update(find(path), limits, containers.parts.runtime);
      return json({ Warnings: warnings });
    }),
    route('DELETE', '/containers/{id}', { query: requests.removeQuery }, async ({ path, query }) => {
      if (query.link)
        throw new Failure('usage', 'not-in-this-release', 'links between containers: not in this release');
      await containers.remove(find(path), { force: query.force, volumes: query.v });
      return done();
    }),
    route('GET', '/containers/{id}/top', { query: z.object({ ps_args: text }) }, async ({ path, query }) => {
      const container = find(path);
      container.requireRunning();
      return json(await topTable(await containers.parts.runtime.processes(container.id), query.ps_args));
    }),
    route('GET', '/containers/{id}/changes', {}, async ({ path }) => {
      const changes = await images.snapshots.diff(find(path).id);
      const numbers = { C: 0, A: 1, D: 2 } as const;
      return json(changes.map((change) => ({ Path: change.path, Kind: numbers[change.kind] })));
    }),
    route('GET', '/containers/{id}/export', {}, ({ path, gone }) => {
      const container = find(path);
      return {
        kind: 'stream',
        contentType: 'application/octet-stream',
        write: (out) => images.export(container.id, out, { signal: gone }),
      };
    }),
    route('POST', '/containers/prune', { query: z.object({ filters }) }, async ({ query }) => {
      const idle = filterContainers(
        containers.list(),
        { all: true, limit: undefined, filters: query.filters },
        images,
      ).filter(({ live, status }) => !live && status !== 'restarting');
      let SpaceReclaimed = 0;
      const ContainersDeleted: string[] = [];
      for (const container of idle) {
        SpaceReclaimed += (await usageOf(container)).sizeRw;
        await containers.remove(container);
        ContainersDeleted.push(container.id);
      }
      return json({ ContainersDeleted, SpaceReclaimed });
    }),
  ];
}

async function update(
  container: Container,
  { RestartPolicy, ...limits }: z.infer<typeof requests.updateBody>,
  runtime: EngineServices['containers']['parts']['runtime'],
): Promise<void> {
  const { record } = container;
  // A client sends every limit; 0 and '' are those it says nothing about.
  const said = Object.fromEntries(
    Object.entries(limits).filter(([, value]) => value !== undefined && value !== null && value !== 0 && value !== ''),
  );
  const hostConfig = { ...record.hostConfig, ...said, ...(RestartPolicy?.Name ? { RestartPolicy } : {}) };
  if (RestartPolicy && RestartPolicy.Name !== 'no' && hostConfig.AutoRemove) {
    throw new Failure(
      'state',
      'auto-remove',
      'Restart policy cannot be updated because AutoRemove is enabled for the container',
    );
  }
  if (Object.keys(said).length > 0) {
    const resources = specResources(hostConfig);
    if (container.live) await runtime.update(container.id, resources);
  }
  record.hostConfig = hostConfig;
  container.save();
  container.fire('update');
}
