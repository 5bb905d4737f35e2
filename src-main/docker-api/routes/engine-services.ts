import type { ImageStore } from '../../containers/images/image-store.ts';
import type { Containers } from '../../containers/lifecycle/containers.ts';
import type { EngineEvents } from '../../containers/lifecycle/events.ts';
import type { ContainerNetworks } from '../../containers/lifecycle/ports.ts';
import type { Controllers } from '../../containers/lifecycle/possible-limits.ts';
import type { VolumeStore } from '../../containers/volumes/volume-store.ts';

/** What the routes serve. */
export interface EngineServices {
  readonly containers: Containers;
  readonly images: ImageStore;
  readonly volumes: VolumeStore;
  readonly networks: ContainerNetworks;
  readonly events: EngineEvents;
  readonly version: string;
  /** `sha256:…`-like mark of this user's engine. */
  readonly id: string;
  readonly dataFolder: string;
  readonly cgroupVersion: '1' | '2';
  readonly rootless: boolean;
  /** What containers can be limited by. */
  readonly controllers: Controllers;
}
