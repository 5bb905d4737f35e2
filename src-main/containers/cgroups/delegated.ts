/** What an ordinary user may do with control groups: Linux cgroup-v2.rst §Delegation. */
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readText, write } from './files.ts';

/** Files of a cgroup that are given away with it: cgroup-v2.rst §Model of Delegation. */
const GIVEN = ['', 'cgroup.procs', 'cgroup.subtree_control'];
/** Where processes go that stood in a cgroup whose children are to be limited. */
const LEAF = 'bulkhead-engine';

/**
 * The topmost cgroup at or above this process's own that was given to its user, as a path below `mountedAt`; undefined
 * where none was.
 */
export function delegatedCgroup(mountedAt: string): string | undefined {
  let found: string | undefined;
  for (let at = ownCgroup(); ; at = dirname(at)) {
    if (!isWritable(join(mountedAt, at))) return found;
    found = at;
    if (at === '/') return found;
  }
}

/**
 * Makes the delegated cgroup fit to have children with limits: a cgroup with processes of its own may have none
 * (cgroup-v2.rst §No Internal Process Constraint), so what stands in the very top of it moves a step down. Returns the
 * controllers its children have.
 */
export function prepareDelegated(mountedAt: string): string[] {
  const top = delegatedCgroup(mountedAt);
  if (top === undefined) return [];
  const folder = join(mountedAt, top);
  if (top === ownCgroup()) stepDown(folder);
  enableControllers(folder);
  return words(folder, 'cgroup.subtree_control');
}

/**
 * Lets the children of a cgroup be limited by every controller it has itself. Not where a process is in the way, or it is
 * not ours.
 */
export function enableControllers(folder: string): void {
  const enabled = new Set(words(folder, 'cgroup.subtree_control'));
  for (const name of words(folder, 'cgroup.controllers')) {
    if (enabled.has(name)) continue;
    try {
      write(folder, 'cgroup.subtree_control', `+${name}`);
    } catch {
      // A limit that needs it is refused when it is set.
    }
  }
}

export function isWritable(folder: string, files: readonly string[] = GIVEN): boolean {
  try {
    for (const name of files) accessSync(join(folder, name), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function stepDown(folder: string): void {
  const leaf = join(folder, LEAF);
  try {
    mkdirSync(leaf, { recursive: true });
    for (const pid of words(folder, 'cgroup.procs')) write(leaf, 'cgroup.procs', pid);
  } catch {
    // One that has ended meanwhile, or is not ours: the controllers then say what is possible.
  }
}

function ownCgroup(): string {
  return readFileSync('/proc/self/cgroup', 'utf8').match(/^0::(.*)$/m)?.[1] ?? '/';
}

function words(folder: string, name: string): string[] {
  return (readText(folder, name) ?? '').split(/\s+/).filter(Boolean);
}
