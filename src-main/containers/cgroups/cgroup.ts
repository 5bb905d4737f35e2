import type { Resources } from '../runtime/spec/linux.ts';
import type { CgroupHierarchy } from './hierarchy.ts';
import type { ContainerStats } from './stats.ts';

/** One container's control group, in every hierarchy there is. */
export interface Cgroup {
  /** Its folders, one per hierarchy; empty where there is no cgroup to be had. */
  readonly hierarchies: readonly CgroupHierarchy[];
  /** Makes it where it is missing. */
  create(): void;
  enter(pid: number): void;
  apply(resources: Resources): void;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  isFrozen(): boolean;
  /** Every process in it and below it. */
  processes(): number[];
  stats(): ContainerStats;
  /** How often the kernel killed a process for want of memory. */
  oomKills(): number;
  /** Kills whatever is in it, frozen or not, and removes it; settles when it is gone. */
  remove(): Promise<void>;
}
