/** How an ordinary user's engine comes into a user and mount namespace of its own, in which it is root. */
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { Failure } from '../../base/failure.ts';
import type { EnginePaths } from '../../inventory/paths.ts';
import { processStart } from '../../linux/process-stat.ts';

/** A socket on which the waiting program says that it is in its namespace, and is told that its ids are mapped. */
export const MAPPING_FD = 4;

/** Node has threads from the start, and a process with threads cannot enter a user namespace (unshare(2)); these can. */
const IN_NEW = ['unshare', '--user', '--mount', '--propagation', 'slave', '--'];
const ONCE_MAPPED = ['/bin/sh', '-c', `echo >&${MAPPING_FD}; read -r go <&${MAPPING_FD} && exec "$@" ${MAPPING_FD}<&-`];

/** What to start an engine with. `mapping`: whether it waits on MAPPING_FD for `mapIds`. */
export interface Starter {
  readonly argv: readonly string[];
  readonly mapping: boolean;
}

/**
 * Into the namespaces where this user's containers are, if any run: only there an engine has power over them.
 * Otherwise into new ones.
 */
export function userNamespaceStarter(paths: EnginePaths): Starter {
  const keeper = keeperPid(paths.runtimeState);
  const enter = ['nsenter', '--user', '--preserve-credentials', '--target'];
  if (keeper !== undefined) return { argv: [...enter, `${keeper}`, '--mount', '--'], mapping: false };
  const container = containerPid(paths.runtimeState);
  if (container === undefined) return { argv: [...IN_NEW, ...ONCE_MAPPED, 'sh'], mapping: true };
  return {
    argv: [...enter, `${container}`, '--', 'unshare', '--mount', '--propagation', 'slave', '--'],
    mapping: false,
  };
}

/** Gives the waiting program this user as its root, and the user's subordinate ids as all others. */
export async function mapIds(child: ChildProcess): Promise<void> {
  const socket = child.stdio[MAPPING_FD] as unknown as Duplex;
  try {
    await firstByte(socket);
    const { pid = 0 } = child;
    const { uid, gid, username } = os.userInfo();
    const users = subordinates('/etc/subuid', username, uid);
    const groups = subordinates('/etc/subgid', username, uid);
    if (users.length > 0 && groups.length > 0 && hasTools()) {
      writeMap('newuidmap', pid, uid, users);
      writeMap('newgidmap', pid, gid, groups);
    } else {
      // user_namespaces(7): one's own id may be mapped by anybody, the group once groups cannot be dropped any more.
      writeFileSync(`/proc/${pid}/uid_map`, `0 ${uid} 1\n`);
      writeFileSync(`/proc/${pid}/setgroups`, 'deny');
      writeFileSync(`/proc/${pid}/gid_map`, `0 ${gid} 1\n`);
    }
    socket.write('\n');
  } finally {
    socket.end();
  }
}

interface Range {
  readonly first: number;
  readonly count: number;
}

/** subuid(5): `name:first:count`, the name or the number of the user. */
export function parseSubordinates(text: string, name: string, uid: number): Range[] {
  return text.split('\n').flatMap((line) => {
    const [owner, first, count] = line.trim().split(':');
    if ((owner !== name && owner !== `${uid}`) || !(Number(count) > 0)) return [];
    return [{ first: Number(first), count: Number(count) }];
  });
}

function subordinates(file: string, name: string, uid: number): Range[] {
  return existsSync(file) ? parseSubordinates(readFileSync(file, 'utf8'), name, uid) : [];
}

function hasTools(): boolean {
  return ['newuidmap', 'newgidmap'].every((tool) => spawnSync(tool).error === undefined);
}

/** newuidmap(1): the user itself, then range after range. */
function writeMap(tool: 'newuidmap' | 'newgidmap', pid: number, own: number, ranges: readonly Range[]): void {
  let next = 1;
  const map = [0, own, 1];
  for (const { first, count } of ranges) {
    map.push(next, first, count);
    next += count;
  }
  const { status, stderr } = spawnSync(tool, [pid, ...map].map(String), { encoding: 'utf8' });
  if (status === 0) return;
  throw new Failure('host', 'no-id-mapping', `engine: ${tool}: ${stderr.trim() || `exit status ${status}`}`, {
    hint: 'sudo apt install uidmap, and see that /etc/subuid and /etc/subgid give your user ranges nobody else has',
  });
}

function firstByte(socket: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('data', () => resolve());
    socket.once('error', () => undefined);
    socket.once('close', () =>
      reject(
        new Failure('host', 'no-user-namespace', 'engine: an ordinary user may make no user namespace here', {
          hint: 'see kernel.unprivileged_userns_clone, user.max_user_namespaces and, on Ubuntu, kernel.apparmor_restrict_unprivileged_userns; or run it as root',
        }),
      ),
    );
  });
}

/** Who holds the keeper's lock wrote its pid in there. */
function keeperPid(state: string): number | undefined {
  const pid = Number(readOrEmpty(join(state, '.keeper.lock')));
  return pid > 0 && readOrEmpty(`/proc/${pid}/cmdline`).includes(state) ? pid : undefined;
}

function containerPid(state: string): number | undefined {
  for (const id of existsSync(state) ? readdirSync(state) : []) {
    const { pid, pidStartedAt } = parsed(readOrEmpty(join(state, id, 'state.json')));
    const startedAt = pid === undefined ? undefined : processStart(pid);
    if (startedAt !== undefined && startedAt === pidStartedAt) return pid;
  }
  return undefined;
}

function parsed(json: string): { pid?: number; pidStartedAt?: string } {
  try {
    return JSON.parse(json) as { pid?: number; pidStartedAt?: string };
  } catch {
    return {};
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
