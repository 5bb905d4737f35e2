import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Disposable } from '../base/disposable.ts';
import { Owner } from '../base/disposable.ts';
import { Failure } from '../base/failure.ts';
import { log } from '../base/log.ts';
import { listenPrivately } from '../base/private-socket.ts';
import type { ImageStore } from '../containers/images/image-store.ts';
import { ContainerRecords } from '../containers/lifecycle/container-record.ts';
import { Containers } from '../containers/lifecycle/containers.ts';
import { EngineEvents } from '../containers/lifecycle/events.ts';
import type { ContainerNetworks } from '../containers/lifecycle/ports.ts';
import type { Controllers } from '../containers/lifecycle/possible-limits.ts';
import type { Runtime } from '../containers/runtime/runtime.ts';
import { VolumeStore } from '../containers/volumes/volume-store.ts';
import { type EnginePaths, makePrivateFolder } from '../inventory/paths.ts';
import { tryLockFile } from '../linux/file-lock.ts';
import { allRoutes } from './routes/all-routes.ts';
import { ApiServer } from './server/api-server.ts';

/** The three drivers an engine works with, and what is known of the host. */
export interface EngineDrivers {
  readonly runtime: Runtime;
  readonly images: ImageStore;
  readonly networks: ContainerNetworks;
  readonly cgroupVersion: '1' | '2';
  readonly rootless: boolean;
  /** What containers can be limited by; all there is when left out. */
  readonly controllers?: Controllers;
}

/**
 * Takes the user's engine lock, finds the containers again and serves the API. Disposed, it lets go of everything but
 * the containers, which run on. `drivers` is asked once the lock is held.
 */
export async function serveEngine(
  paths: EnginePaths,
  version: string,
  drivers: () => Promise<EngineDrivers> | EngineDrivers,
): Promise<Disposable> {
  const owner = new Owner();
  try {
    makePrivateFolder(paths.data);
    makePrivateFolder(paths.runtime);
    const lock = tryLockFile(paths.lock);
    if (lock === null) {
      throw new Failure('state', 'engine-running', 'engine: it runs already', {
        hint: '`bulkhead engine status` shows where',
      });
    }
    owner.own(lock);
    const { runtime, images, networks, cgroupVersion, rootless, controllers } = await drivers();
    owner.defer(() => images.close());
    owner.own(networks);
    const events = new EngineEvents();
    const records = new ContainerRecords(paths.containers);
    const volumes = new VolumeStore(paths.volumes);
    const containers = new Containers({ records, runtime, images, volumes, networks, events, rootless });
    owner.defer(() => containers.detach());
    await containers.recover();
    const id = createHash('sha256').update(paths.data).digest('hex');
    const routes = allRoutes({
      containers,
      images,
      volumes,
      networks,
      events,
      version,
      id,
      dataFolder: paths.data,
      cgroupVersion,
      rootless,
      controllers,
    });
    const server = owner.own(new ApiServer(routes, { version }));
    await listen(server, paths, owner);
    log('info', 'engine-serves', { socket: paths.socket, containers: containers.list().length });
    return owner;
  } catch (error) {
    owner.dispose();
    throw error;
  }
}

async function listen(server: ApiServer, { socket, runtime }: EnginePaths, owner: Owner): Promise<void> {
  const folder = dirname(socket);
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (await isServed(socket)) {
    throw new Failure('state', 'socket-taken', `${socket}: another program serves it`, {
      hint: 'choose another with --socket',
    });
  }
  await listenPrivately(server.http, socket);
  owner.defer(() => rmSync(socket, { force: true }));
  const pid = join(runtime, 'engine.pid');
  writeFileSync(pid, `${process.pid}\n`, { mode: 0o600 });
  owner.defer(() => rmSync(pid, { force: true }));
}

/** A socket left by a killed process answers nobody. */
function isServed(socket: string): Promise<boolean> {
  if (!existsSync(socket)) return Promise.resolve(false);
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}
