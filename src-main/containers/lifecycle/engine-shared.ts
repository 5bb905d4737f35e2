import type { ImageStore } from '../images/image-store.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { VolumeStore } from '../volumes/volume-store.ts';
import type { Container } from './container.ts';
import type { ContainerRecords } from './container-record.ts';
import type { EngineEvents } from './events.ts';
import type { ContainerNetworks } from './ports.ts';

/** What the containers of one engine share. */
export interface EngineShared {
  readonly records: ContainerRecords;
  readonly runtime: Runtime;
  readonly images: ImageStore;
  readonly volumes: VolumeStore;
  readonly networks: ContainerNetworks;
  readonly events: EngineEvents;
  /** Whether the engine is an ordinary user's. */
  readonly rootless: boolean;
  /** Throws `no-such-container`. */
  find(nameOrId: string): Container;
  /** `--rm`: what a container that ended asks for. */
  removeContainer(id: string): Promise<void>;
}
