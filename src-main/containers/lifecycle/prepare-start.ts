import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../base/failure.ts';
import { maySetGroup } from '../../linux/user-namespace.ts';
import { engineCgroup } from '../cgroups/locate.ts';
import { smallInit } from '../runtime/init/small-init.ts';
import type { CreateRequest } from '../runtime/runtime.ts';
import type { Seccomp } from '../runtime/spec/linux.ts';
import type { Container } from './container.ts';
import type { EngineShared } from './engine-shared.ts';
import { hostDevices } from './host-devices.ts';
import { userFiles } from './in-rootfs.ts';
import { joinNetworks } from './join-networks.ts';
import type { MountPoint } from './mount-points.ts';
import type { Joined } from './ports.ts';
import { defaultSeccomp } from './spec/default-seccomp.ts';
import { makeSpec } from './spec/make-spec.ts';
import { parseSecurityOptions } from './spec/security-options.ts';
import { resolveUser } from './spec/user.ts';

export interface PreparedStart {
  readonly request: CreateRequest;
  readonly joined: Joined;
}

/** Everything a container's process needs before it is made: root file system, networks, files of ours, its spec. */
export async function prepareStart(container: Container, shared: EngineShared): Promise<PreparedStart> {
  const { record, folder, id } = container;
  const { config, hostConfig } = record;
  // What a crash between two steps may have left under this id.
  await shared.runtime.delete(id, { force: true });
  await shared.images.snapshots.prepare(id, record.imageId);
  const rootfs = shared.images.snapshots.mount(id);
  for (const point of record.mounts) requireSource(point);
  const user = resolveUser(config.User, userFiles(rootfs), hostConfig.GroupAdd ?? [], maySetGroup);
  const { joined, etcFiles } = await joinNetworks(container, shared);
  const hostname = config.Hostname;
  const { seccomp } = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  const spec = makeSpec(config, hostConfig, {
    id,
    rootfs,
    hostname,
    user,
    mounts: record.mounts,
    etcFiles,
    cgroupsPath: `${engineCgroup(shared.rootless)}/${id}`,
    ...(hostConfig.Init ? { initProgram: writeInit(folder.folder) } : {}),
    network: joined.namespace,
    joined: {
      ...joinedNamespace('pid', hostConfig.PidMode, shared),
      ...joinedNamespace('ipc', hostConfig.IpcMode, shared),
    },
    seccomp: typeof seccomp === 'object' ? (seccomp.profile as Seccomp) : defaultSeccomp(hostConfig),
    devices: hostDevices(hostConfig),
    rootless: shared.rootless,
  });
  mkdirSync(folder.bundle, { recursive: true, mode: 0o700 });
  const [rows = 0, columns = 0] = hostConfig.ConsoleSize;
  const io = config.Tty
    ? ({ kind: 'terminal', ...(rows > 0 && columns > 0 ? { size: { rows, columns } } : {}) } as const)
    : ({ kind: 'pipes', stdin: config.OpenStdin } as const);
  return { request: { id, bundle: folder.bundle, spec, io }, joined };
}

function writeInit(folder: string): string {
  const path = join(folder, 'init');
  rmSync(path, { force: true });
  writeFileSync(path, smallInit(), { mode: 0o755 });
  return path;
}

/** `container:NAME` as the namespace of its first process. */
function joinedNamespace(which: 'pid' | 'ipc', mode: string, shared: EngineShared): { pid?: string; ipc?: string } {
  if (!mode.startsWith('container:')) return {};
  const other = shared.find(mode.slice('container:'.length));
  other.requireRunning();
  return { [which]: `/proc/${other.pid}/ns/${which}` };
}

function requireSource({ type, source, createSource }: MountPoint): void {
  if (type !== 'bind') return;
  if (statSync(source, { throwIfNoEntry: false }) !== undefined) return;
  if (!createSource) {
    throw new Failure(
      'usage',
      'bad-mount',
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
    );
  }
  mkdirSync(source, { recursive: true });
}
