import { isAbsolute, join } from 'node:path';
import { fdOfProcess } from '../../../linux/namespaces.ts';
import { processStart } from '../../../linux/process-stat.ts';
import type { Cgroup } from '../../cgroups/cgroup.ts';
import { withDefaultDevices } from '../../cgroups/default-device-rules.ts';
import { lastingCgroupPath, locateCgroup } from '../../cgroups/locate.ts';
import { ContainerFolder, type ContainerRecord } from '../container-folder.ts';
import { runHooks } from '../hooks.ts';
import type { Belated } from '../init/order.ts';
import { stateForHooks } from '../oci-state.ts';
import type { TerminalSize } from '../runtime.ts';
import type { Spec } from '../spec/config.ts';
import { requireSupported } from '../spec/supported.ts';
import type { SpawnedInit } from './spawn-init.ts';

export interface Creation {
  readonly root: string;
  readonly id: string;
  /** Absolute. */
  readonly bundle: string;
  readonly spec: Spec;
  readonly nullIo: boolean;
  /** What an init that was started ahead is told besides. */
  readonly belated: Belated | null;
  readonly size: TerminalSize | null;
  readonly extraFds: number;
  readonly openFiles: number;
  /** Gives an init that has been started, in the namespaces `pidNamespaceOf` names. */
  readonly init: () => SpawnedInit | Promise<SpawnedInit>;
  /** Takes the terminal's master, an open descriptor. */
  readonly onTerminal: (master: number) => void;
}

export interface Created {
  readonly folder: ContainerFolder;
  readonly init: SpawnedInit;
  readonly record: ContainerRecord;
}

/** Makes a container up to the point where it waits for its start. Leaves nothing behind when that fails. */
export async function createContainer(creation: Creation): Promise<Created> {
  const { root, id, bundle } = creation;
  const spec = withLastingCgroup(creation.spec);
  requireSupported(spec);
  const folder = new ContainerFolder(root, id);
  const first: ContainerRecord = {
    version: 1,
    id,
    bundle,
    pid: 0,
    pidStartedAt: '',
    phase: 'creating',
    createdAt: new Date().toISOString(),
    startedAt: null,
  };
  folder.make(spec, first);
  let init: SpawnedInit | undefined;
  const cgroup = locateCgroup(spec.linux.cgroupsPath, id);
  try {
    cgroup.create();
    if (spec.linux.resources) cgroup.apply(withDefaultDevices(spec.linux.resources));
    init = await creation.init();
    await init.next();
    const record = { ...first, pid: init.pid, pidStartedAt: processStart(init.pid) ?? '' };
    folder.write(record);
    cgroup.enter(init.pid);
    await instruct({ ...creation, spec }, folder, init, cgroup, record);
    init.release();
    const done = { ...record, phase: 'created' as const };
    folder.write(done);
    return { folder, init, record: done };
  } catch (error) {
    init?.kill();
    await cgroup.remove();
    folder.remove();
    throw error;
  }
}

async function instruct(
  creation: Creation,
  folder: ContainerFolder,
  init: SpawnedInit,
  cgroup: Cgroup,
  record: ContainerRecord,
): Promise<void> {
  const { spec, bundle } = creation;
  const state = stateForHooks(record, spec, 'creating');
  init.order({
    kind: 'create',
    spec,
    process: spec.process!,
    bundle,
    rootfs: rootfsOf(spec, bundle),
    cgroups: cgroup.hierarchies,
    startFifo: folder.startFifo,
    startedFifo: folder.startedFifo,
    state,
    outsideHooks: (spec.hooks?.prestart ?? spec.hooks?.createRuntime ?? []).length > 0,
    size: creation.size,
    nullIo: creation.nullIo,
    belated: init.ahead ? creation.belated : null,
    extraFds: creation.extraFds,
    openFiles: creation.openFiles,
  });
  for (;;) {
    const report = await init.next();
    if (report.at === 'ready') return;
    if (report.at === 'terminal') creation.onTerminal(fdOfProcess(init.pid, report.master));
    if (report.at === 'namespaces') {
      runHooks(spec, 'prestart', state);
      runHooks(spec, 'createRuntime', state);
    }
    init.goOn();
  }
}

/** Who comes back to it in another session of its user has another cgroup to start from. */
function withLastingCgroup(spec: Spec): Spec {
  const path = spec.linux.cgroupsPath;
  return path ? { ...spec, linux: { ...spec.linux, cgroupsPath: lastingCgroupPath(path) } } : spec;
}

/** Where the root file system of a bundle is. */
export function rootfsOf({ root }: Spec, bundle: string): string {
  return isAbsolute(root.path) ? root.path : join(bundle, root.path);
}

/** Which time namespace the init of this configuration has to be born in; one that is new it makes itself. */
export function timeNamespaceOf(spec: Spec): string | undefined {
  return (spec.linux.namespaces ?? []).find(({ type }) => type === 'time')?.path || undefined;
}

/** Which PID namespace it has to be born in. */
export function pidNamespaceOf(spec: Spec): 'new' | 'same' | { readonly path: string } {
  const namespace = (spec.linux.namespaces ?? []).find(({ type }) => type === 'pid');
  if (namespace === undefined) return 'same';
  return namespace.path ? { path: namespace.path } : 'new';
}
