import type { ContainerRecord } from './container-folder.ts';
import type { ContainerStatus } from './runtime.ts';
import type { Spec } from './spec/config.ts';

/** OCI runtime 1.2 runtime §state, as hooks read it and `state` prints it. */
export function ociState(record: ContainerRecord, spec: Spec, status: ContainerStatus) {
  return {
    ociVersion: '1.2.0',
    id: record.id,
    pid: status === 'stopped' ? 0 : record.pid,
    status,
    bundle: record.bundle,
    rootfs: spec.root.path.startsWith('/') ? spec.root.path : `${record.bundle}/${spec.root.path}`,
    created: record.createdAt,
    ...(spec.annotations ? { annotations: spec.annotations } : {}),
    owner: '',
  };
}

export function stateForHooks(record: ContainerRecord, spec: Spec, status: ContainerStatus): string {
  const { rootfs: _rootfs, created: _created, owner: _owner, ...state } = ociState(record, spec, status);
  return JSON.stringify(state);
}
