import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { log } from '../../base/log.ts';
import { sweepLeftovers, writeFileAtomically } from '../../inventory/atomic-file.ts';
import { type Lineage, readVersioned } from '../../inventory/versioned.ts';
import { type ContainerConfig, containerConfig, type HostConfig, hostConfig } from './container-config.ts';
import type { MountPoint } from './mount-points.ts';

/** Docker API 1.47 ContainerState.Status, without `removing` and `dead`, which ours pass through too fast to be kept. */
export type ContainerStatus = 'created' | 'running' | 'paused' | 'restarting' | 'exited';

export interface ContainerState {
  status: ContainerStatus;
  /** RFC 3339; empty before the first start. */
  startedAt: string;
  finishedAt: string;
  exitCode: number;
  oomKilled: boolean;
  /** Why it could not be started. */
  error: string;
  /** Stopped or killed by a user, and not started since. */
  stoppedByUser: boolean;
  /** Starts by the restart policy since the user's own. */
  restarts: number;
}

/** A network a container is to be in, as asked for: Docker API 1.47 EndpointSettings, the part a user decides. */
export interface EndpointRequest {
  readonly aliases: readonly string[];
  readonly ipv4?: string;
  readonly mac?: string;
}

/** Everything about a container that outlives the engine: `containers/<id>/container.json`. */
export interface ContainerRecord {
  readonly version: 1;
  readonly id: string;
  name: string;
  readonly createdAt: string;
  /** What is asked for, merged with what the image says. */
  readonly config: ContainerConfig;
  hostConfig: HostConfig;
  /** `sha256:…` */
  readonly imageId: string;
  mounts: readonly MountPoint[];
  networks: Record<string, EndpointRequest>;
  state: ContainerState;
}

const state = z.object({
  status: z.enum(['created', 'running', 'paused', 'restarting', 'exited']),
  startedAt: z.string(),
  finishedAt: z.string(),
  exitCode: z.number(),
  oomKilled: z.boolean(),
  error: z.string(),
  stoppedByUser: z.boolean(),
  restarts: z.number(),
});

const lineage: Lineage<ContainerRecord> = {
  noun: 'container',
  version: 1,
  // The two configurations have defaults to fill in, which the small zod cannot express: they are the API's own schemas.
  schema: z.pipe(
    z.object({
      version: z.literal(1),
      id: z.string().check(z.regex(/^[0-9a-f]{64}$/)),
      name: z.string(),
      createdAt: z.string(),
      config: z.unknown(),
      hostConfig: z.unknown(),
      imageId: z.string(),
      mounts: z.array(z.custom<MountPoint>((value) => typeof value === 'object' && value !== null)),
      networks: z.record(
        z.string(),
        z.custom<EndpointRequest>((value) => typeof value === 'object' && value !== null),
      ),
      state,
    }),
    z.transform(
      (file): ContainerRecord => ({
        ...file,
        config: containerConfig.parse(file.config),
        hostConfig: hostConfig.parse(file.hostConfig),
      }),
    ),
  ),
  steps: {},
};

/** Where one container's files are. */
export interface ContainerFolder {
  readonly folder: string;
  readonly record: string;
  readonly log: string;
  /** OCI bundle: config.json. */
  readonly bundle: string;
}

/** Containers on disk. A container is there when its container.json is. */
export class ContainerRecords {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  paths(id: string): ContainerFolder {
    const folder = join(this.folder, id);
    return {
      folder,
      record: join(folder, 'container.json'),
      log: join(folder, 'container-json.log'),
      bundle: join(folder, 'bundle'),
    };
  }

  /** Those that can be read; what is left of a creation or removal that was interrupted is cleared away. */
  load(): ContainerRecord[] {
    return readdirSync(this.folder).flatMap((id) => {
      const { folder, record } = this.paths(id);
      let text: string;
      try {
        text = readFileSync(record, 'utf8');
      } catch {
        rmSync(folder, { recursive: true, force: true });
        return [];
      }
      sweepLeftovers(folder);
      const read = readVersioned(text, lineage);
      if ('value' in read) return [read.value];
      log('error', 'container-unreadable', { id, why: read.broken });
      return [];
    });
  }

  save(record: ContainerRecord): void {
    const { bundle, record: path } = this.paths(record.id);
    mkdirSync(bundle, { recursive: true, mode: 0o700 });
    writeFileAtomically(path, `${JSON.stringify(record)}\n`);
  }

  remove(id: string): void {
    const { folder, record } = this.paths(id);
    rmSync(record, { force: true });
    rmSync(folder, { recursive: true, force: true });
  }
}

export function freshState(): ContainerState {
  return {
    status: 'created',
    startedAt: '',
    finishedAt: '',
    exitCode: 0,
    oomKilled: false,
    error: '',
    stoppedByUser: false,
    restarts: 0,
  };
}
