import { Failure } from '../../base/failure.ts';
import type { Resources } from '../runtime/spec/linux.ts';
import type { Cgroup } from './cgroup.ts';
import type { ContainerStats } from './stats.ts';

/** No cgroup: an ordinary user's containers where none was delegated to them. Limits are refused, not ignored. */
export class NoCgroup implements Cgroup {
  readonly hierarchies = [];

  create(): void {}

  enter(): void {}

  apply({ memory, cpu, pids, blockIO, unified }: Resources): void {
    if (memory?.limit || cpu?.quota || cpu?.cpus || (pids && pids.limit > 0) || blockIO || unified)
      throw none('limits');
  }

  freeze(): Promise<void> {
    return Promise.reject(none('pausing'));
  }

  thaw(): Promise<void> {
    return Promise.reject(none('resuming'));
  }

  isFrozen(): boolean {
    return false;
  }

  processes(): number[] {
    return [];
  }

  oomKills(): number {
    return 0;
  }

  async remove(): Promise<void> {}

  stats(): ContainerStats {
    throw none('statistics');
  }
}

function none(what: string): Failure {
  return new Failure('host', 'no-cgroup', `cgroup: ${what} need a cgroup, and this user has none`, {
    hint: 'start a user session with systemd, or delegate a cgroup of version 2 to this user',
  });
}
