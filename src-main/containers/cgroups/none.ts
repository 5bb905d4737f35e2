import { Failure } from '../../base/failure.ts';
import type { Resources } from '../runtime/spec/linux.ts';
import type { Cgroup } from './cgroup.ts';
import type { ContainerStats } from './stats.ts';
import { asksForSomething } from './wanted.ts';

/** No cgroup: an ordinary user's containers where none was delegated to them. Limits are refused, not ignored. */
export class NoCgroup implements Cgroup {
  readonly hierarchies = [];

  create(): void {}

  enter(): void {}

  apply(resources: Resources): void {
    const { devices: _devices, ...limits } = resources;
    const limited = Object.values(limits).some((one) => Object.values(one ?? {}).some(isLimit));
    if (limited) throw none('limits');
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

/** -1 is no limit either. */
function isLimit(value: unknown): boolean {
  return asksForSomething(value) && value !== -1;
}

function none(what: string): Failure {
  return new Failure('host', 'no-cgroup', `cgroup: ${what} need a cgroup, and this user has none`, {
    hint: 'start a user session with systemd, or delegate a cgroup of version 2 to this user',
  });
}
