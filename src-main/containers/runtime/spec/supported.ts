import { Failure } from '../../../base/failure.ts';
import type { Mount, ProcessSpec, Spec } from './config.ts';
import type { LinuxSpec, NamespaceType } from './linux.ts';

/**
 * Throws `usage`, naming the field, for what a configuration asks for and this runtime does not do: OCI runtime 1.2
 * config §Valid values, "Runtimes MUST generate an error when invalid or unsupported values are encountered".
 */
export function requireSupported(spec: Spec): void {
  for (const name of ['windows', 'solaris', 'freebsd', 'vm', 'zos'] as const) {
    if (isSet(spec[name])) refuse(name, 'this runtime is for Linux');
  }
  if (!spec.process) refuse('process', 'it is missing');
  requireSupportedProcess(spec.process!);
  requireNamespaces(spec);
  requireLinux(spec.linux);
  for (const mount of spec.mounts ?? []) requireMount(mount);
  for (const name of Object.keys(spec.linux.sysctl ?? {})) requireSysctl(spec.linux, name);
}

/** The same for a process of `exec`. */
export function requireSupportedProcess(process: ProcessSpec): void {
  if (isSet(process.commandLine)) refuse('process.commandLine', 'it is for Windows');
  if (isSet(process.user.username)) refuse('process.user.username', 'it is for Windows; say uid and gid');
  // Nothing confines a process of ours, so this one asks for what is.
  if (isSet(process.apparmorProfile) && process.apparmorProfile !== 'unconfined') {
    refuse('process.apparmorProfile', 'AppArmor profiles are not supported');
  }
  if (isSet(process.selinuxLabel)) refuse('process.selinuxLabel', 'SELinux labels are not supported');
}

function requireNamespaces({ linux, hostname, domainname }: Spec): void {
  const namespaces = linux.namespaces ?? [];
  if (!has(linux, 'mount')) refuse('linux.namespaces', 'a container without a mount namespace is not supported');
  if (namespaces.some(({ type, path }) => type === 'mount' && path)) {
    refuse('linux.namespaces', 'joining a mount namespace is not supported');
  }
  if (has(linux, 'user')) refuse('linux.namespaces', 'a user namespace of its own is not supported');
  const twice = namespaces.find(({ type }, at) => namespaces.findIndex((other) => other.type === type) !== at);
  if (twice) refuse('linux.namespaces', `${twice.type} is there twice`);
  if (hostname && !has(linux, 'uts')) refuse('hostname', 'it needs a uts namespace');
  if (domainname && !has(linux, 'uts')) refuse('domainname', 'it needs a uts namespace');
  if (isSet(linux.timeOffsets) && !namespaces.some(({ type, path }) => type === 'time' && !path)) {
    refuse('linux.timeOffsets', 'they need a new time namespace');
  }
}

function requireLinux(linux: LinuxSpec): void {
  for (const name of ['uidMappings', 'gidMappings'] as const) {
    if (isSet(linux[name])) refuse(`linux.${name}`, 'a user namespace of its own is not supported');
  }
  if (isSet(linux.mountLabel)) refuse('linux.mountLabel', 'SELinux labels are not supported');
  if (isSet(linux.intelRdt)) refuse('linux.intelRdt', 'Resource Director Technology is not supported');
  if (isSet(linux.netDevices)) refuse('linux.netDevices', 'network devices are not moved');
  if (isSet(linux.memoryPolicy)) refuse('linux.memoryPolicy', 'memory policies are not supported');
  if (isSet(linux.personality?.flags)) refuse('linux.personality.flags', 'there are none');
}

function requireMount({ destination, options, uidMappings, gidMappings }: Mount): void {
  const mapped = isSet(uidMappings) || isSet(gidMappings) || (options ?? []).some((name) => /^r?idmap$/.test(name));
  if (mapped) refuse(`mounts: ${destination}`, 'id-mapped mounts are not supported');
}

/** sysctls that are a namespace's own; all others are the computer's: namespaces(7), sysctl(7), mq_overview(7). */
const NAMESPACED: readonly (readonly [RegExp, NamespaceType])[] = [
  [/^net\//, 'network'],
  [/^kernel\/(shm\w+|msg\w+|sem)$|^fs\/mqueue\//, 'ipc'],
  [/^kernel\/(hostname|domainname)$/, 'uts'],
];

function requireSysctl(linux: LinuxSpec, name: string): void {
  const path = sysctlPath(name);
  const owner = NAMESPACED.find(([pattern]) => pattern.test(path))?.[1];
  if (owner === undefined) refuse(`linux.sysctl.${name}`, 'it is not of a namespace, but of the whole computer');
  else if (!has(linux, owner)) refuse(`linux.sysctl.${name}`, `it needs a ${owner} namespace`);
}

/** Below /proc/sys. A name may be written with dots or with slashes (sysctl(8)). */
export function sysctlPath(name: string): string {
  const path = name.includes('/') ? name : name.replaceAll('.', '/');
  if (path.split('/').includes('..')) refuse(`linux.sysctl.${name}`, 'it is no name');
  return path;
}

function has(linux: LinuxSpec, type: NamespaceType): boolean {
  return (linux.namespaces ?? []).some((namespace) => namespace.type === type);
}

/** An empty text, list or object asks for nothing. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

function refuse(field: string, why: string): never {
  throw new Failure('usage', 'not-supported', `config.json: ${field}: ${why}`);
}
