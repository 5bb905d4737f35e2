import { asFailure, Failure } from '../../base/failure.ts';
import type { ContainerConfig, HostConfig } from './container-config.ts';
import { type ContainerRecord, type EndpointRequest, freshState } from './container-record.ts';
import { copyUp } from './copy-up.ts';
import type { EngineShared } from './engine-shared.ts';
import { rfc3339Nano } from './logs/log-entry.ts';
import { rotationOf } from './logs/rotation.ts';
import { type MountPoint, mountPoints } from './mount-points.ts';
import { inventName, newId, requireName } from './names.ts';
import { signalNumber } from './signals.ts';
import { containerCapabilities } from './spec/capabilities.ts';
import { mergeImageConfig, processArguments } from './spec/process-arguments.ts';
import { refuseDangerousMemory, specResources } from './spec/resources.ts';
import { parseSecurityOptions } from './spec/security-options.ts';

export interface CreateContainer {
  /** Invented when empty. */
  readonly name: string;
  readonly config: ContainerConfig;
  readonly hostConfig: HostConfig;
  readonly networks: Readonly<Record<string, EndpointRequest>>;
}

const LOG_DRIVERS = new Set(['json-file', 'local', 'none']);

/** The names containers have, or are about to. */
export interface TakenNames {
  isTaken(name: string): boolean;
  /** What to say to whoever wants a name that is taken. */
  conflict(name: string): Failure;
}

/** A container to be, with all checked that can be before its first start; and what it is to mount. */
export function newRecord(
  request: CreateContainer,
  shared: EngineShared,
  names: TakenNames,
): { readonly record: ContainerRecord; readonly wanted: readonly MountPoint[] } {
  const { images } = shared;
  const image = images.resolve(request.config.Image);
  const config = { ...mergeImageConfig(request.config, image.config.config ?? {}) };
  refuse(config, request.hostConfig);
  const id = newId();
  config.Hostname = config.Hostname || (request.hostConfig.UTSMode === 'host' ? '' : id.slice(0, 12));
  const name = request.name.replace(/^\//, '') || inventName((invented) => names.isTaken(invented));
  requireName('container', name);
  if (names.isTaken(name)) throw names.conflict(name);
  const { hostConfig, networks } = asUsage(() => {
    const host = withIds(request.hostConfig, shared);
    return {
      hostConfig: host,
      networks: shared.networks.check({ id, name, config, host, networks: request.networks }),
    };
  });
  const wanted = mountPoints(config, hostConfig, (other) => shared.find(other).record.mounts);
  const record: ContainerRecord = {
    version: 1,
    id,
    name,
    createdAt: rfc3339Nano(performance.timeOrigin + performance.now()),
    config,
    hostConfig,
    imageId: image.id,
    mounts: [],
    networks,
    state: freshState(),
  };
  return { record, wanted };
}

/** Its layer and its volumes; what it mounts. Nothing stays when it fails. */
export async function makeFiles(
  { id, imageId }: ContainerRecord,
  wanted: readonly MountPoint[],
  shared: EngineShared,
): Promise<MountPoint[]> {
  const { snapshots } = shared.images;
  await snapshots.prepare(id, imageId);
  try {
    return await withVolumes(wanted, id, shared);
  } catch (error) {
    await snapshots.remove(id);
    throw error;
  }
}

/** Docker's clients take whatever a creation does not find for a missing image, and pull it. */
function asUsage<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { failureClass, code, message } = asFailure(error);
    throw failureClass === 'not-found' ? new Failure('usage', code, message) : error;
  }
}

/** A container whose network is shared is known by its id: its name may change. */
function withIds(host: HostConfig, shared: EngineShared): HostConfig {
  const [, other] = /^container:(.+)$/.exec(host.NetworkMode) ?? [];
  return other === undefined ? host : { ...host, NetworkMode: `container:${shared.find(other).id}` };
}

/** Says no to what could not be done, or not be kept, when it is asked for and not when it is needed. */
function refuse(config: ContainerConfig, host: HostConfig): void {
  processArguments(config);
  specResources(host);
  refuseDangerousMemory(host);
  parseSecurityOptions(host.SecurityOpt ?? []);
  containerCapabilities(host.CapAdd ?? [], host.CapDrop ?? [], host.Privileged);
  if (config.StopSignal !== '') signalNumber(config.StopSignal);
  if (!LOG_DRIVERS.has(host.LogConfig.Type)) {
    throw wrong(`logging driver "${host.LogConfig.Type}": only json-file and none are there`);
  }
  rotationOf(host.LogConfig.Type === 'json-file' ? host.LogConfig.Config : {});
  if (host.RestartPolicy.Name !== 'no' && host.AutoRemove) {
    throw wrong("can't create 'AutoRemove' container with restart policy");
  }
  if (host.RestartPolicy.MaximumRetryCount > 0 && host.RestartPolicy.Name !== 'on-failure') {
    throw wrong(`maximum retry count cannot be used with restart policy '${host.RestartPolicy.Name}'`);
  }
  if ((host.Links ?? []).length > 0) throw later('links between containers');
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) {
    throw wrong(`the working directory '${config.WorkingDir}' is invalid, it needs to be an absolute path`);
  }
}

async function withVolumes(points: readonly MountPoint[], id: string, shared: EngineShared): Promise<MountPoint[]> {
  const { volumes, events } = shared;
  const made: string[] = [];
  try {
    const result: MountPoint[] = [];
    for (const point of points) {
      if (point.type !== 'volume') {
        result.push(point);
        continue;
      }
      const isNew = point.name === '' || volumes.find(point.name) === undefined;
      const volume = volumes.create({ name: point.name });
      if (isNew) {
        made.push(volume.name);
        events.fire('volume', 'create', volume.name, { driver: 'local' });
      }
      if (point.copyUp) await copyUp(id, point.destination, volume.mountpoint, shared);
      result.push({ ...point, name: volume.name, source: volume.mountpoint });
    }
    return result;
  } catch (error) {
    for (const name of made) volumes.remove(name);
    throw error;
  }
}

function wrong(message: string): Failure {
  return new Failure('usage', 'bad-container', message);
}

function later(what: string): Failure {
  return new Failure('usage', 'not-in-this-release', `${what}: not in this release`);
}
