import os from 'node:os';
import { z } from 'zod';
import { asFailure, Failure } from '../../base/failure.ts';
import { type InsecureRegistries, insecureRegistries } from '../../containers/registry/insecure-registries.ts';
import { mappedIds } from '../../linux/user-namespace.ts';
import { type Answer, json, type Route, route } from '../server/route.ts';
import { API_VERSION, MIN_API_VERSION } from '../server/router.ts';
import { JsonLines, untilGone } from '../streams/json-lines.ts';
import { allowFilters, filters, text, timeMs } from '../types/query.ts';
import { registryOf } from '../types/registry-auth.ts';
import { summaryView } from '../views/container-view.ts';
import { EVENT_FILTERS, eventView, wantsEvent } from '../views/event-view.ts';
import { imageSummary } from '../views/image-view.ts';
import type { EngineServices } from './engine-services.ts';
import { folderSize } from './folder-size.ts';
import { volumeView } from './volume-routes.ts';

/** Docker API 1.47 AuthConfig. */
const credentials = z.looseObject({ username: text, password: text, identitytoken: text, serveraddress: text });

/** Registries there are always insecure. */
const LOOPBACK_SUBNETS = ['127.0.0.0/8', '::1/128'];

/** Docker API 1.47 "System". */
export function systemRoutes(services: EngineServices): Route[] {
  const { containers, images, volumes, events, version } = services;
  const ping = (): Answer => ({ kind: 'text', status: 200, text: 'OK' });

  return [
    route('GET', '/_ping', {}, ping),
    route('HEAD', '/_ping', {}, ping),
    route('GET', '/version', {}, () =>
      json({
        Platform: { Name: 'Bulkhead' },
        Components: [
          {
            Name: 'Engine',
            Version: version,
            Details: {
              ApiVersion: API_VERSION,
              MinAPIVersion: MIN_API_VERSION,
              Arch: goArch(),
              Os: 'linux',
              KernelVersion: os.release(),
              Experimental: 'false',
            },
          },
        ],
        Version: version,
        ApiVersion: API_VERSION,
        MinAPIVersion: MIN_API_VERSION,
        Os: 'linux',
        Arch: goArch(),
        KernelVersion: os.release(),
        GitCommit: '',
        GoVersion: '',
        BuildTime: '',
      }),
    ),
    route('GET', '/info', {}, () => json(infoView(services))),
    route('GET', '/system/df', {}, async () => {
      const all = containers.list();
      const usage = await Promise.all(all.map(({ id }) => images.snapshots.usage(id)));
      const sizes = await Promise.all(volumes.list().map(({ mountpoint }) => folderSize(mountpoint)));
      return json({
        LayersSize: images.usage().layersSize,
        Images: images
          .list()
          .map((image) => imageSummary(image, all.filter((c) => c.record.imageId === image.id).length)),
        Containers: all.map((container, i) => summaryView(container, container.record.config.Image, usage[i])),
        Volumes: volumes
          .list()
          .map((volume, i) =>
            volumeView(volume, { size: sizes[i] ?? 0, users: containers.usersOf(volume.name).length }),
          ),
        BuildCache: [],
        BuilderSize: 0,
      });
    }),
    route('GET', '/events', { query: z.object({ since: text, until: text, filters }) }, ({ query, gone }) => {
      allowFilters(query.filters, EVENT_FILTERS);
      const now = Date.now();
      const sinceMs = timeMs(query.since, now);
      const untilMs = timeMs(query.until, now);
      return {
        kind: 'stream',
        contentType: 'application/json',
        eager: true,
        write: async (out) => {
          const lines = new JsonLines(out, gone);
          const until = untilMs ?? Number.POSITIVE_INFINITY;
          const send = (event: Parameters<typeof eventView>[0]): void => {
            if (event.atMs <= until && wantsEvent(query.filters, event)) lines.send(eventView(event));
          };
          const listening = events.on(send);
          if (sinceMs !== undefined) for (const event of events.since(sinceMs)) send(event);
          await Promise.race([untilGone(gone), moment(until - Date.now())]);
          listening.dispose();
        },
      };
    }),
    route('POST', '/auth', { body: credentials }, async ({ body, gone }) => {
      const { username, password, identitytoken, serveraddress } = body;
      const auth = identitytoken === '' ? { username, password } : { identityToken: identitytoken };
      await images.logIn(registryOf(serveraddress), { auth, signal: gone });
      return json({ Status: 'Login Succeeded', IdentityToken: '' });
    }),
    // Nothing is built, so there is nothing to clear: `docker system prune` asks all the same.
    route('POST', '/build/prune', {}, () => json({ CachesDeleted: null, SpaceReclaimed: 0 })),
    ...refused('POST', ['/build', '/build/cancel', '/session', '/grpc'], 'build: not in this release'),
    ...refused('GET', ['/swarm', '/services', '/nodes', '/tasks', '/secrets', '/configs'], SWARM),
    ...refused('POST', ['/swarm/{action...}', '/services/create', '/secrets/create', '/configs/create'], SWARM),
    route('GET', '/plugins', {}, () => json([])),
    route('GET', '/plugins/{name...}/json', {}, ({ path }) => {
      throw new Failure('not-found', 'no-such-plugin', `plugin "${path.name}" not found`);
    }),
    ...refused('GET', ['/images/search'], 'search: there is no registry to search in'),
  ];
}

const SWARM = 'This node is not a swarm manager: swarms are not in this release';

function refused(method: 'GET' | 'POST', paths: readonly string[], message: string): Route[] {
  return paths.map((path) =>
    route(method, path, {}, () => {
      throw new Failure('usage', 'not-in-this-release', message);
    }),
  );
}

/** A promise for a moment; one that never comes when it is infinitely far. */
function moment(ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms < 2 ** 31) setTimeout(resolve, Math.max(0, ms)).unref();
  });
}

function goArch(): string {
  return { x64: 'amd64', arm64: 'arm64' }[process.arch as string] ?? process.arch;
}

/** Docker API 1.47 SystemInfo. */
function infoView(services: EngineServices) {
  const { containers, images, id, version, dataFolder, cgroupVersion, rootless, controllers } = services;
  const registries = registriesView();
  const limits = (controller: string): boolean => controllers?.includes(controller) ?? true;
  const all = containers.list();
  const count = (status: string): number => all.filter((container) => container.status === status).length;
  return {
    ID: id,
    Containers: all.length,
    ContainersRunning: count('running') + count('restarting'),
    ContainersPaused: count('paused'),
    ContainersStopped: count('created') + count('exited'),
    Images: images.list().length,
    Driver: 'overlay2',
    DriverStatus: [],
    DockerRootDir: dataFolder,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'none'],
    },
    MemoryLimit: limits('memory'),
    SwapLimit: limits('memory'),
    CpuCfsPeriod: limits('cpu'),
    CpuCfsQuota: limits('cpu'),
    CPUShares: limits('cpu'),
    CPUSet: limits('cpuset'),
    PidsLimit: limits('pids'),
    IPv4Forwarding: true,
    OomKillDisable: cgroupVersion === '1',
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    NEventsListener: 0,
    SystemTime: new Date().toISOString(),
    LoggingDriver: 'json-file',
    CgroupDriver: 'cgroupfs',
    CgroupVersion: cgroupVersion,
    KernelVersion: os.release(),
    OperatingSystem: os.version(),
    OSVersion: '',
    OSType: 'linux',
    Architecture: os.machine(),
    NCPU: os.cpus().length,
    MemTotal: os.totalmem(),
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: registries.config,
    Name: os.hostname(),
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: version,
    Runtimes: { bulkhead: { path: 'bulkhead-runtime' } },
    DefaultRuntime: 'bulkhead',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: true,
    Isolation: '',
    InitBinary: 'docker-init',
    SecurityOptions: ['name=seccomp,profile=builtin', ...(rootless ? ['name=rootless'] : [])],
    Warnings: [...registries.warnings, ...(rootless ? rootlessWarnings(limits) : [])],
  };
}

/** How registries are spoken to, Docker API 1.47 RegistryServiceConfig; and what the user is to know of that. */
function registriesView(): { config: Record<string, unknown>; warnings: string[] } {
  try {
    return { config: registryConfig(insecureRegistries()), warnings: [] };
  } catch (error) {
    return { config: registryConfig({ hosts: [], subnets: [] }), warnings: [`WARNING: ${asFailure(error).message}`] };
  }
}

function registryConfig({ hosts, subnets }: InsecureRegistries): Record<string, unknown> {
  const indexes = hosts.map((host) => [host, { Name: host, Mirrors: [], Secure: false, Official: false }]);
  return {
    InsecureRegistryCIDRs: [...LOOPBACK_SUBNETS, ...subnets],
    IndexConfigs: Object.fromEntries(indexes),
    Mirrors: [],
  };
}

/** What `docker info` says at its end. */
function rootlessWarnings(limits: (controller: string) => boolean): string[] {
  const missing = ['memory', 'cpu', 'pids'].filter((controller) => !limits(controller));
  return [
    ...missing.map((controller) => `WARNING: No ${controller} limit support: this user was given no such cgroup`),
    ...(mappedIds('uid') > 1
      ? []
      : [
          'WARNING: No subordinate ids: containers have one user, and images with others cannot be unpacked; ' +
            'sudo apt install uidmap && sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 YOU, ' +
            'then start the engine anew',
        ]),
  ];
}
