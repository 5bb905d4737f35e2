import { readFileSync } from 'node:fs';

/** user_namespaces(7): the initial namespace maps every id to itself. */
export function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

/** How many ids of a kind there are in this user namespace. */
export function mappedIds(kind: 'uid' | 'gid'): number {
  return ranges(kind).reduce((sum, { count }) => sum + count, 0);
}

/** Whether a user or group of this number exists in this user namespace. */
export function isMapped(kind: 'uid' | 'gid', id: number): boolean {
  return ranges(kind).some(({ first, count }) => id >= first && id < first + count);
}

/** Whether a process in here may be given this group besides its own: user_namespaces(7) §/proc/pid/setgroups. */
export function maySetGroup(gid: number): boolean {
  return maySetGroups() && isMapped('gid', gid);
}

/** Without newgidmap nobody may set groups in an unprivileged namespace. */
export function maySetGroups(): boolean {
  try {
    return readFileSync('/proc/self/setgroups', 'utf8').trim() === 'allow';
  } catch {
    // A kernel or a container's /proc that says nothing of it.
    return true;
  }
}

function ranges(kind: 'uid' | 'gid'): { first: number; count: number }[] {
  const lines = readFileSync(`/proc/self/${kind}_map`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
    return { first, count };
  });
}
