import { Failure } from '../../base/failure.ts';
import type { Resources } from '../runtime/spec/linux.ts';

/** Throws, naming it, for the first of these members of `linux.resources` that asks for something. */
export function refuseResources(resources: Resources, names: readonly string[], why: string): void {
  for (const name of names) {
    const wanted = name
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], resources);
    if (!asksForSomething(wanted)) continue;
    throw new Failure('usage', 'not-supported', `config.json: linux.resources.${name}: ${why}`);
  }
}

/** 0, false, and what is empty set nothing. */
export function asksForSomething(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

/**
 * OCI runtime 1.2 config-linux §Memory, `checkBeforeUpdate`: throws where more is in use than the new limit, which the
 * kernel would meet by killing.
 */
export function checkMemoryInUse({ memory }: Resources, inUse: number | null): void {
  if (!memory?.checkBeforeUpdate || !memory.limit || memory.limit < 0 || inUse === null || inUse <= memory.limit)
    return;
  const why = `${inUse} bytes are in use, more than the new limit of ${memory.limit}`;
  throw new Failure('state', 'memory-in-use', `config.json: linux.resources.memory.limit: ${why}`);
}

/** A line of rdma.max, the same in both versions: cgroup-v2.rst §RDMA. */
export function rdmaLine(device: string, limits: NonNullable<Resources['rdma']>[string]): string {
  const { hcaHandles = 'max', hcaObjects = 'max' } = limits;
  return `${device} hca_handle=${hcaHandles} hca_object=${hcaObjects}`;
}
