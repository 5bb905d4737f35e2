import { existsSync, readFileSync, rmdirSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { Cgroup } from './cgroup.ts';
import { delegatedCgroup, isWritable, prepareDelegated } from './delegated.ts';
import { NoCgroup } from './none.ts';
import { CgroupV1 } from './v1.ts';
import { CgroupV2 } from './v2.ts';

/**
 * The cgroup of a container: `path` is its `linux.cgroupsPath`; absolute from where the hierarchies are mounted,
 * otherwise below the topmost cgroup that is this user's to change, for root from the same place. Where version 2 has
 * the controllers, it is that; otherwise version 1, which is root's alone.
 */
export function locateCgroup(path: string | undefined, id: string): Cgroup {
  const mounts = cgroupMounts();
  const first = mounts.filter(({ name }) => name !== '');
  const wanted = normalize(`/${path || `bulkhead/${id}`}`);
  if (first.length > 0) {
    if (!first.some(({ at }) => isWritable(at, ['cgroup.procs']))) return new NoCgroup();
    return new CgroupV1(first.map(({ name, at }) => ({ name, mountedAt: at, path: join(at, wanted) })));
  }
  const second = mounts.find(({ name }) => name === '');
  if (second === undefined) return new NoCgroup();
  const top = path && isAbsolute(path) ? '/' : topOf(second.at);
  if (top === undefined || !isWritable(nearest(join(second.at, top, wanted)))) return new NoCgroup();
  return new CgroupV2(join(second.at, top, wanted), second.at);
}

/** `path` for a container that is made now, as one that means the same cgroup to everybody later. */
export function lastingCgroupPath(path: string): string {
  const mounts = cgroupMounts();
  const second = mounts.find(({ name }) => name === '');
  if (isAbsolute(path) || second === undefined || mounts.length > 1) return path;
  const top = topOf(second.at);
  return top === undefined ? path : join(top, path);
}

/** The `linux.cgroupsPath` of the cgroup that those of an engine's containers are in. */
export const engineCgroup = (rootless: boolean): string => (rootless ? 'bulkhead' : '/bulkhead');

/** Removes that one, unless containers run on in it. */
export function removeEngineCgroup(rootless: boolean): void {
  for (const { path } of locateCgroup(engineCgroup(rootless), '').hierarchies) {
    try {
      rmdirSync(path);
    } catch {
      // In use, or there has been no container.
    }
  }
}

/** The controllers of version 2 that containers of an ordinary user can be limited by, as things are for this process. */
export function delegatedControllers(): string[] {
  const mounts = cgroupMounts();
  const second = mounts.find(({ name }) => name === '');
  return second === undefined || mounts.length > 1 ? [] : prepareDelegated(second.at);
}

function topOf(mountedAt: string): string | undefined {
  return isWritable(mountedAt, ['cgroup.procs']) ? '/' : delegatedCgroup(mountedAt);
}

/** The lowest folder of a path that is there. */
function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}

interface CgroupMount {
  /** The controllers of a hierarchy of version 1, as its mount options name them; empty for version 2. */
  readonly name: string;
  readonly at: string;
}

function cgroupMounts(): CgroupMount[] {
  const own = readFileSync('/proc/self/cgroup', 'utf8')
    .split('\n')
    .map((line) => line.split(':')[1] ?? '')
    .filter((name) => name !== '');
  const found: CgroupMount[] = [];
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const at = left.split(' ')[4] ?? '';
    const [type, , options = ''] = right.split(' ');
    if (type === 'cgroup2') found.push({ name: '', at });
    if (type !== 'cgroup') continue;
    const given = options.split(',');
    const name = own.find((one) => one.split(',').every((part) => given.includes(part)));
    if (name !== undefined && !found.some((other) => other.name === name)) found.push({ name, at });
  }
  return found;
}
