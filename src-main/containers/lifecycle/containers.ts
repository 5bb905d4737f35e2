import { asFailure, Failure } from '../../base/failure.ts';
import { log } from '../../base/log.ts';
import type { ImageStore } from '../images/image-store.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { VolumeStore } from '../volumes/volume-store.ts';
import { Container } from './container.ts';
import type { ContainerRecords } from './container-record.ts';
import { type CreateContainer, makeFiles, newRecord } from './create-container.ts';
import type { EngineShared } from './engine-shared.ts';
import type { EngineEvents } from './events.ts';
import { ExecSessions } from './exec-sessions.ts';
import { joinRequest } from './join-networks.ts';
import { requireName } from './names.ts';
import type { ContainerNetworks } from './ports.ts';
import { startsWithEngine } from './restart-policy.ts';

export interface EngineParts {
  readonly records: ContainerRecords;
  readonly runtime: Runtime;
  readonly images: ImageStore;
  readonly volumes: VolumeStore;
  readonly networks: ContainerNetworks;
  readonly events: EngineEvents;
  readonly rootless: boolean;
}

export interface RemoveOptions {
  readonly force?: boolean;
  /** Its anonymous volumes as well. */
  readonly volumes?: boolean;
}

/** All containers of an engine. */
export class Containers {
  readonly execs: ExecSessions;
  private readonly all = new Map<string, Container>();
  /** Ids by name of containers that are being made. */
  private readonly making = new Map<string, string>();
  readonly shared: EngineShared;

  constructor(readonly parts: EngineParts) {
    this.shared = {
      ...parts,
      find: (nameOrId) => this.find(nameOrId),
      removeContainer: (id) => this.removeAfterRun(id),
    };
    this.execs = new ExecSessions(this.shared);
  }

  /** Finds everything again that an engine before this one left, and starts what is to be started with it. */
  async recover(): Promise<void> {
    for (const record of this.parts.records.load()) this.all.set(record.id, new Container(record, this.shared));
    await Promise.all(this.list().map((container) => this.recoverOne(container)));
    await this.clearStrays();
    await this.recoverNetworks();
  }

  list(): Container[] {
    return [...this.all.values()];
  }

  /** By name, id or unambiguous beginning of an id. */
  find(nameOrId: string): Container {
    const name = nameOrId.replace(/^\//, '');
    const exact = this.all.get(name) ?? this.list().find((container) => container.record.name === name);
    if (exact !== undefined) return exact;
    const found = /^[0-9a-f]{1,64}$/.test(name) ? this.list().filter(({ id }) => id.startsWith(name)) : [];
    if (found.length === 1) return found[0] as Container;
    if (found.length > 1) {
      throw new Failure('usage', 'ambiguous-id', `multiple IDs found with provided prefix: ${name}`);
    }
    throw new Failure('not-found', 'no-such-container', `No such container: ${name}`);
  }

  async create(request: CreateContainer): Promise<Container> {
    const { record, wanted } = newRecord(request, this.shared, this);
    this.making.set(record.name, record.id);
    try {
      record.mounts = await makeFiles(record, wanted, this.shared);
    } finally {
      this.making.delete(record.name);
    }
    const container = new Container(record, this.shared);
    this.all.set(record.id, container);
    try {
      this.parts.records.save(record);
    } catch (error) {
      this.all.delete(record.id);
      this.parts.records.remove(record.id);
      await this.parts.images.snapshots.remove(record.id);
      throw error;
    }
    container.fire('create');
    return container;
  }

  async remove(container: Container, { force = false, volumes = false }: RemoveOptions = {}): Promise<void> {
    if (container.removing) {
      if (force) return;
      throw new Failure('state', 'being-removed', `removal of container ${container.id} is already in progress`);
    }
    await container.clear(force);
    try {
      if (volumes) this.removeAnonymousVolumes(container);
      // The record goes before the root file system: what is without a record is cleared away after a crash.
      this.parts.records.remove(container.id);
      await this.parts.images.snapshots.remove(container.id);
    } catch (error) {
      container.removing = false;
      container.save();
      throw error;
    }
    this.all.delete(container.id);
    this.execs.forget(container);
    container.fire('destroy');
    container.removed();
  }

  rename(container: Container, name: string): void {
    const wanted = name.replace(/^\//, '');
    requireName('container', wanted);
    if (container.record.name === wanted) {
      throw new Failure('usage', 'same-name', 'Renaming a container with the same name as its current name');
    }
    if (this.isTaken(wanted)) throw this.conflict(wanted);
    const oldName = `/${container.record.name}`;
    container.record.name = wanted;
    container.save();
    this.parts.networks.rename(container.id, wanted);
    container.fire('rename', { oldName });
  }

  /** Containers that mount a volume, running or not. */
  usersOf(volume: string): Container[] {
    return this.list().filter(({ record }) =>
      record.mounts.some(({ type, name }) => type === 'volume' && name === volume),
    );
  }

  /** The engine goes; the containers stay. */
  detach(): void {
    for (const container of this.list()) container.detach();
  }

  isTaken(name: string): boolean {
    return this.making.has(name) || this.list().some(({ record }) => record.name === name);
  }

  conflict(name: string): Failure {
    const other = this.list().find(({ record }) => record.name === name)?.id ?? this.making.get(name);
    return new Failure(
      'state',
      'name-taken',
      `Conflict. The container name "/${name}" is already in use by container "${other}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
  }

  private async recoverOne(container: Container): Promise<void> {
    const { state, hostConfig } = container.record;
    try {
      await container.recover();
      if (container.live) return;
      if (hostConfig.AutoRemove && state.status !== 'created') await this.removeAfterRun(container.id);
      else if (state.status !== 'created' && startsWithEngine(hostConfig.RestartPolicy, state.stoppedByUser)) {
        await container.start();
      }
    } catch (error) {
      log('error', 'container-recovery', { id: container.id, why: asFailure(error).message });
    }
  }

  /** Root file systems and processes of containers that were never finished or never quite removed. */
  private async clearStrays(): Promise<void> {
    const { runtime, images } = this.parts;
    await runtime.sweep((id) => this.all.has(id));
    for (const { containerId } of images.snapshots.list()) {
      if (!this.all.has(containerId)) await images.snapshots.remove(containerId);
    }
  }

  /** Addresses, ports and name servers of the containers that run on, and nothing of any other. */
  private async recoverNetworks(): Promise<void> {
    const { networks } = this.parts;
    const running = this.list().filter(({ live }) => live);
    await networks.recovered(
      new Map(running.map((container) => [container.id, { ...joinRequest(container), pid: container.pid }])),
    );
    for (const container of running) container.joined = networks.joined(container.id);
  }

  private async removeAfterRun(id: string): Promise<void> {
    const container = this.all.get(id);
    if (container === undefined || container.removing) return;
    try {
      await this.remove(container, { volumes: true });
    } catch (error) {
      log('error', 'container-auto-remove', { id, why: asFailure(error).message });
    }
  }

  private removeAnonymousVolumes({ record }: Container): void {
    const { volumes, events } = this.parts;
    for (const { type, name } of record.mounts) {
      const isUsed = this.usersOf(name).some((other) => other.record !== record);
      if (type !== 'volume' || !volumes.find(name)?.anonymous || isUsed) continue;
      volumes.remove(name);
      events.fire('volume', 'destroy', name, { driver: 'local' });
    }
  }
}
