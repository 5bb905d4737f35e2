import { readFileSync } from 'node:fs';

/** user_namespaces(7): the initial namespace maps every id to itself. */
export function inUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
}

/** How many ids of a kind there are in this user namespace. */
export function mappedIds(kind: 'uid' | 'gid'): number {
  return ranges(kind).reduce((sum, { count }) => sum + count, 0);
}

/** Whether a group of this number exists in this user namespace. */
export function isMappedGroup(gid: number): boolean {
  return ranges('gid').some(({ first, count }) => gid >= first && gid < first + count);
}

function ranges(kind: 'uid' | 'gid'): { first: number; count: number }[] {
  const lines = readFileSync(`/proc/self/${kind}_map`, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [first = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
    return { first, count };
  });
}
