import { closeSync, fstatSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Failure } from '../../base/failure.ts';
import { RESOLVE } from '../../linux/dir-fd.ts';
import { O } from '../../linux/fd.ts';
import type { InRoot } from '../../linux/in-root.ts';
import { SystemCallFailure } from '../../linux/libc.ts';
import { attachMount, cloneTree, MOUNT_ATTR, newFileSystem, setMountAttributes } from '../../linux/mount.ts';
import { inUserNamespace, isMapped } from '../../linux/user-namespace.ts';
import type { CgroupHierarchy } from '../cgroups/hierarchy.ts';
import type { Mount } from '../runtime/spec/config.ts';
import { type MountPlan, planMount } from './mount-options.ts';

/** What mounts need to know beyond their own lines. */
export interface MountContext {
  readonly root: InRoot;
  /** Sources that are relative paths start here. */
  readonly bundle: string;
  /** Where the container's cgroup is: for v2 one path, for v1 one per hierarchy. */
  readonly cgroups: readonly CgroupHierarchy[];
  readonly ownCgroupNamespace: boolean;
}

/** Mounts one line of the configuration inside the root: OCI runtime 1.2 config §mounts. */
export function mountOne(context: MountContext, mount: Mount): void {
  const plan = planMount(mount.options ?? []);
  if (plan.bind || mount.type === 'bind') bindMount(context, mount, plan);
  else if (mount.type === 'cgroup' || mount.type === 'cgroup2') mountCgroups(context, mount, plan);
  else mountFileSystem(context, mount, plan);
}

function bindMount({ root, bundle }: MountContext, mount: Mount, plan: MountPlan): void {
  const source = mount.source ?? '';
  const path = isAbsolute(source) ? source : join(bundle, source);
  const folder = sourceIsFolder(path, mount.destination);
  const tree = cloneTree(path, plan.recursive);
  try {
    finishMount(tree, plan, mount.destination);
    const target = folder ? root.makeFolder(mount.destination) : root.makeFile(mount.destination);
    place(tree, target, mount.destination);
  } finally {
    closeSync(tree);
  }
}

function sourceIsFolder(path: string, destination: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (cause) {
    throw new Failure('failed', 'mount-source', `mount ${destination}: its source ${path} is not there`, { cause });
  }
}

function mountFileSystem({ root }: MountContext, mount: Mount, plan: MountPlan): void {
  const type = mount.type ?? '';
  if (type === '') throw new Failure('usage', 'mount-type', `mount ${mount.destination}: it has no type`);
  // A link there would let an image send our own /proc elsewhere (CVE-2019-19921).
  const exact = type === 'proc' || type === 'sysfs' ? RESOLVE.NO_SYMLINKS : 0;
  const target = folderFor(root, mount.destination, exact);
  const options = type === 'tmpfs' ? withModeOf(target, plan.data) : plan.data.filter(meansSomething);
  const attributes = plan.set & ~MOUNT_ATTR.RDONLY;
  const fileSystem = newOrHosts(type, () => newFileSystem({ type, source: mount.source ?? type, options, attributes }));
  try {
    finishMount(fileSystem, plan, mount.destination);
    place(fileSystem, target, mount.destination);
  } finally {
    closeSync(fileSystem);
  }
}

/** Where nobody has a group 5, a terminal cannot be its. */
function meansSomething(option: string): boolean {
  return !option.startsWith('gid=') || !inUserNamespace() || isMapped('gid', Number(option.slice(4)));
}

/**
 * sysfs shows a network namespace, /proc a PID namespace, and an ordinary user may mount those of namespaces of their
 * own only: of one that is shared with the host it is the host's mount (user_namespaces(7)).
 */
function newOrHosts(type: string, make: () => number): number {
  try {
    return make();
  } catch (error) {
    const hosts = { proc: '/proc', sysfs: '/sys' }[type];
    const refused = error instanceof SystemCallFailure && error.errnoName === 'EPERM';
    if (hosts === undefined || !refused || !inUserNamespace()) throw error;
    return cloneTree(hosts, true);
  }
}

function folderFor(root: InRoot, path: string, resolve: number): number {
  const made = root.makeFolder(path);
  if (resolve === 0) return made;
  closeSync(made);
  return root.find(path, O.PATH | O.DIRECTORY, resolve);
}

/** A tmpfs over a folder of the image keeps that folder's mode, unless it is given one. */
function withModeOf(folder: number, options: readonly string[]): readonly string[] {
  if (options.some((option) => option.startsWith('mode='))) return options;
  return [...options, `mode=${(fstatSync(folder).mode & 0o7777).toString(8)}`];
}

/** Version 2 is one file system; version 1 a tmpfs with one per hierarchy. */
function mountCgroups(context: MountContext, mount: Mount, plan: MountPlan): void {
  const { root, cgroups, ownCgroupNamespace } = context;
  const own = (hierarchy: CgroupHierarchy, options: readonly string[]): number =>
    ownCgroupNamespace
      ? newFileSystem({
          type: hierarchy.name === '' ? 'cgroup2' : 'cgroup',
          source: 'cgroup',
          options,
          attributes: plan.set & ~MOUNT_ATTR.RDONLY,
        })
      : cloneTree(hierarchy.path, false);
  const attach = (fd: number, path: string): void => {
    try {
      finishMount(fd, plan, path);
      place(fd, root.makeFolder(path), path);
    } finally {
      closeSync(fd);
    }
  };
  const second = cgroups.find(({ name }) => name === '');
  if (second) {
    attach(own(second, []), mount.destination);
    return;
  }
  const bare = newFileSystem({ type: 'tmpfs', source: 'tmpfs', options: ['mode=755'], attributes: plan.set & ~1 });
  place(bare, root.makeFolder(mount.destination), mount.destination);
  for (const hierarchy of cgroups) {
    const named = hierarchy.name.startsWith('name=');
    const options = named ? ['none', hierarchy.name] : hierarchy.name.split(',');
    attach(own(hierarchy, options), `${mount.destination}/${named ? hierarchy.name.slice(5) : hierarchy.name}`);
  }
  if (plan.set & MOUNT_ATTR.RDONLY) setMountAttributes(bare, { set: MOUNT_ATTR.RDONLY }, mount.destination);
  closeSync(bare);
}

/** Gives a mount that is not yet anywhere its attributes and propagation. */
function finishMount(mount: number, plan: MountPlan, object: string): void {
  if ((plan.setRecursively | plan.clearRecursively) !== 0) {
    const { setRecursively: set, clearRecursively: clear } = plan;
    setMountAttributes(mount, { set, clear, recursive: true }, object);
  }
  if ((plan.set | plan.clear) !== 0) setMountAttributes(mount, { set: plan.set, clear: plan.clear }, object);
  for (const { kind, recursive } of plan.propagation) {
    setMountAttributes(mount, { propagation: kind, recursive }, object);
  }
}

/** Puts a mount where `target` is open, and closes that. */
export function place(mount: number, target: number, object: string): void {
  try {
    attachMount(mount, target, object);
  } finally {
    closeSync(target);
  }
}
