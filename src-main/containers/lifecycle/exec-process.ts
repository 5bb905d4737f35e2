import { posix } from 'node:path';
import { maySetGroup } from '../../linux/user-namespace.ts';
import type { ProcessInput } from '../runtime/spec/config.ts';
import type { Container } from './container.ts';
import type { EngineShared } from './engine-shared.ts';
import { userFiles } from './in-rootfs.ts';
import { processCapabilities } from './spec/make-spec.ts';
import { mergeEnvironment, processEnvironment } from './spec/process-arguments.ts';
import { parseSecurityOptions } from './spec/security-options.ts';
import { resolveUser } from './spec/user.ts';

export interface ExecWish {
  readonly args: readonly string[];
  readonly tty: boolean;
  readonly env: readonly string[];
  /** The container's own when empty, as are the next. */
  readonly user: string;
  readonly workingDir: string;
  readonly privileged: boolean;
}

/** An additional process of a container in the words of OCI runtime 1.2 config "Process". */
export function execProcess(container: Container, shared: EngineShared, wish: ExecWish): ProcessInput {
  const { config, hostConfig } = container.record;
  const rootfs = shared.images.snapshots.mount(container.id);
  const user = resolveUser(wish.user || config.User, userFiles(rootfs), hostConfig.GroupAdd ?? [], maySetGroup);
  const env = processEnvironment({ ...config, Tty: wish.tty }, config.Hostname, user.home);
  const cwd = posix.resolve('/', config.WorkingDir, wish.workingDir);
  return {
    terminal: wish.tty,
    user: { uid: user.uid, gid: user.gid, additionalGids: [...user.additionalGids] },
    args: [...wish.args],
    env: mergeEnvironment(env, wish.env),
    cwd,
    capabilities: processCapabilities(
      { ...hostConfig, Privileged: hostConfig.Privileged || wish.privileged },
      user.uid,
    ),
    noNewPrivileges: parseSecurityOptions(hostConfig.SecurityOpt ?? []).noNewPrivileges,
    oomScoreAdj: hostConfig.OomScoreAdj,
    rlimits: hostConfig.Ulimits.map(({ Name, Soft, Hard }) => ({
      type: `RLIMIT_${Name.toUpperCase()}`,
      soft: Soft,
      hard: Hard,
    })),
  };
}
