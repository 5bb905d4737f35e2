import { readFileSync, writeFileSync } from 'node:fs';
import { Failure } from '../../../base/failure.ts';
import {
  capabilitySet,
  keepCapabilities,
  limitBoundingSet,
  setAmbientCapabilities,
  setCapabilities,
  setGroup,
  setNoNewPrivileges,
  setSupplementaryGroups,
  setUser,
} from '../../../linux/credentials.ts';
import { RLIMITS, setPersonality, setResourceLimit } from '../../../linux/exec.ts';
import { installSeccompFilter } from '../../../linux/seccomp.ts';
import { inUserNamespace, isMapped, maySetGroup, maySetGroups } from '../../../linux/user-namespace.ts';
import type { SeccompProgram } from '../seccomp/compile.ts';
import type { ProcessSpec, Spec } from '../spec/config.ts';

/** The limits of the process, before it gives up the right to raise them. */
export function applyLimits(process: ProcessSpec, openFiles: number): void {
  const limits = process.rlimits ?? [];
  const seen = new Set<string>();
  for (const { type, soft, hard } of limits) {
    if (!(type in RLIMITS)) throw new Failure('usage', 'bad-rlimit', `process.rlimits: there is no ${type}`);
    if (seen.has(type)) throw new Failure('usage', 'bad-rlimit', `process.rlimits: ${type} is there twice`);
    seen.add(type);
    setResourceLimit(0, type, soft, hard);
  }
  if (seen.has('RLIMIT_NOFILE')) return;
  const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  setResourceLimit(0, 'RLIMIT_NOFILE', Math.min(openFiles, Number(hard ?? openFiles)), Number(hard ?? openFiles));
}

/** While /proc is still the host's: throws for a user or group that does not exist in the user namespace the engine is in. */
export function requireIds({ user }: ProcessSpec): void {
  if (!inUserNamespace()) return;
  if (!isMapped('uid', user.uid)) throw noId(`user ${user.uid}`);
  if (!isMapped('gid', user.gid)) throw noId(`group ${user.gid}`);
  const lost = user.additionalGids?.find((gid) => !maySetGroup(gid));
  if (lost !== undefined) throw noId(`additional group ${lost}`);
}

function noId(who: string): Failure {
  return new Failure('host', 'no-such-id', `${who}: there is no id for it here`, {
    hint: 'sudo apt install uidmap, give your user ids in /etc/subuid and /etc/subgid, then start the engine anew',
  });
}

/**
 * While /proc is still the host's: oom_score_adj(5). An ordinary user may not go below what the session gave; then that
 * stays, as runc and crun have it.
 */
export function applyOomScore(process: ProcessSpec): void {
  if (process.oomScoreAdj === undefined || process.oomScoreAdj === null) return;
  try {
    writeFileSync('/proc/self/oom_score_adj', String(process.oomScoreAdj));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES' || !inUserNamespace()) throw error;
  }
}

/**
 * Gives this thread the identity of the container's process: groups, user, five capability sets, no_new_privs, system
 * call filter. Without no_new_privs the filter needs CAP_SYS_ADMIN, so it comes first; with it, last (seccomp(2)).
 */
export function becomeUser(spec: Spec, process: ProcessSpec, filter: SeccompProgram | undefined): void {
  const { user, noNewPrivileges } = process;
  if (spec.linux.personality) setPersonality(spec.linux.personality.domain === 'LINUX32' ? 8 : 0);
  globalThis.process.umask(user.umask ?? 0o022);
  const install = (): void => {
    if (filter) installSeccompFilter(filter.program, filter.flags);
  };
  if (noNewPrivileges) setNoNewPrivileges();
  else install();
  const sets = process.capabilities;
  const set = (names: readonly string[] | null | undefined): bigint => capabilitySet(names ?? []);
  if (sets) limitBoundingSet(set(sets.bounding));
  keepCapabilities(true);
  if (maySetGroups()) setSupplementaryGroups(user.additionalGids ?? []);
  setGroup(user.gid);
  setUser(user.uid);
  if (sets) {
    setCapabilities({
      effective: set(sets.effective),
      permitted: set(sets.permitted),
      inheritable: set(sets.inheritable),
    });
    setAmbientCapabilities(set(sets.ambient));
  }
  keepCapabilities(false);
  if (noNewPrivileges) install();
}
