import { closeSync } from 'node:fs';
import { InRoot } from '../../linux/in-root.ts';
import {
  attachMount,
  cloneTree,
  detachMount,
  MOUNT_ATTR,
  type Propagation,
  pivotRoot,
  setMountAttributes,
  setPropagation,
} from '../../linux/mount.ts';
import type { Spec } from '../runtime/spec/config.ts';
import { makeDevices, mountConsole, openHostNull } from './devices.ts';
import { makeReadonly, maskPaths } from './hidden-paths.ts';
import { type MountContext, mountOne } from './mounts.ts';

export interface RootfsRequest {
  readonly spec: Spec;
  /** Absolute. */
  readonly rootfs: string;
  readonly bundle: string;
  readonly cgroups: MountContext['cgroups'];
  readonly inUserNamespace: boolean;
  /** Called with the root once all is mounted and the host's files are still there: hooks, and the terminal. */
  readonly beforePivot?: () => void;
  /** The slave of the container's terminal, if it has one; called once its devpts is mounted. */
  readonly terminal?: (root: InRoot) => number;
}

/**
 * Builds the container's tree of mounts over its rootfs and makes it this mount namespace's root. Everything is put in
 * place through open descriptors found inside that root, while nothing of the container runs in it yet; what runs in
 * another container over the same rootfs can rename as it likes (CVE-2021-30465).
 */
export function enterRootfs(request: RootfsRequest): void {
  const { spec, rootfs, bundle, cgroups, inUserNamespace } = request;
  const { namespaces, devices, maskedPaths, readonlyPaths, rootfsPropagation } = spec.linux;
  setPropagation('/', 'slave', true);
  const hostNull = openHostNull();
  const tree = cloneTree(rootfs, true);
  const place = InRoot.open(rootfs);
  attachMount(tree, place.fd, rootfs);
  place.dispose();
  // The copy's own root: the path may lead elsewhere by now.
  const root = new InRoot(tree, rootfs);
  const ownCgroupNamespace = (namespaces ?? []).some(({ type }) => type === 'cgroup');
  for (const mount of spec.mounts ?? []) mountOne({ root, bundle, cgroups, ownCgroupNamespace }, mount);
  if (!devIsBound(spec)) makeDevices(root, devices ?? [], inUserNamespace);
  const slave = request.terminal?.(root);
  if (slave !== undefined) mountConsole(root, slave);
  makeReadonly(root, readonlyPaths ?? []);
  maskPaths(root, maskedPaths ?? [], hostNull);
  closeSync(hostNull);
  request.beforePivot?.();
  changeRoot(root);
  if (spec.root.readonly) setMountAttributes(tree, { set: MOUNT_ATTR.RDONLY }, rootfs);
  root.dispose();
  if (rootfsPropagation) {
    const recursive = rootfsPropagation.startsWith('r');
    setPropagation('/', (recursive ? rootfsPropagation.slice(1) : rootfsPropagation) as Propagation, recursive);
  }
}

/** A /dev that is the host's, or another container's, is not ours to change. */
function devIsBound({ mounts }: Spec): boolean {
  const dev = (mounts ?? []).filter(({ destination }) => destination.replace(/\/+$/, '') === '/dev').at(-1);
  return dev !== undefined && (dev.type === 'bind' || (dev.options ?? []).some((option) => /^r?bind$/.test(option)));
}

/** pivot_root(2) NOTES, `pivot_root(".", ".")`: the old root ends up above the new one, and is taken away. */
function changeRoot(root: InRoot): void {
  const old = InRoot.open('/');
  root.enter();
  pivotRoot('.', '.');
  old.enter();
  setPropagation('.', 'slave', true);
  detachMount('.');
  process.chdir('/');
  old.dispose();
}
