import { checked, libcFunction } from './libc.ts';

/**
 * Who the calling thread is. These go to the kernel directly, because libc's own wrappers would change every thread,
 * and only the one that calls execve(2) lives on.
 */
const cSyscall3 = libcFunction<[number, number, number, number], number>(
  'long syscall(long number, long a, long b, long c)',
);
const cSetgroups = libcFunction<[number, number, Uint32Array], number>(
  'long syscall(long number, size_t count, void *groups)',
);
const cPrctl = libcFunction<[number, number, number, number, number], number>(
  'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
);
const cCapset = libcFunction<[number, Uint32Array, Uint32Array], number>(
  'long syscall(long number, void *header, void *data)',
);

/** System call numbers, x86-64. */
const SYS = { SETGROUPS: 116, SETRESUID: 117, SETRESGID: 119, CAPSET: 126 } as const;

/** prctl(2). */
const PR = {
  SET_PDEATHSIG: 1,
  SET_DUMPABLE: 4,
  SET_KEEPCAPS: 8,
  CAPBSET_READ: 23,
  CAPBSET_DROP: 24,
  SET_CHILD_SUBREAPER: 36,
  SET_NO_NEW_PRIVS: 38,
  CAP_AMBIENT: 47,
} as const;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;

/** linux/capability.h, version 3 of capset(2). */
const CAPABILITY_VERSION_3 = 0x2008_0522;

/** capabilities(7), by number. */
export const CAPABILITIES = [
  ...['CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP'],
  ...['LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST', 'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER'],
  ...['SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE'],
  ...['SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP'],
  ...['MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG', 'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF'],
  'CHECKPOINT_RESTORE',
] as const;

/** One bit per capability. */
export type CapabilitySet = bigint;

export interface ThreadCapabilities {
  readonly effective: CapabilitySet;
  readonly permitted: CapabilitySet;
  readonly inheritable: CapabilitySet;
}

/** Names such as `CAP_CHOWN`; those this kernel or we do not know are left out, as the specification asks. */
export function capabilitySet(names: readonly string[]): CapabilitySet {
  let set = 0n;
  for (const name of names) {
    const number = (CAPABILITIES as readonly string[]).indexOf(name.toUpperCase().replace(/^CAP_/, ''));
    if (number >= 0) set |= 1n << BigInt(number);
  }
  return set;
}

export function setCapabilities({ effective, permitted, inheritable }: ThreadCapabilities): void {
  const half = (set: CapabilitySet, at: bigint): number => Number((set >> (at * 32n)) & 0xffff_ffffn);
  const data = [0n, 1n].flatMap((at) => [half(effective, at), half(permitted, at), half(inheritable, at)]);
  checked(
    cCapset(SYS.CAPSET, new Uint32Array([CAPABILITY_VERSION_3, 0]), new Uint32Array(data)),
    'capset',
    'capabilities',
  );
}

/** Takes everything out of the bounding set that is not in `keep`. */
export function limitBoundingSet(keep: CapabilitySet): void {
  for (let number = 0; number < 64; number++) {
    const there = cPrctl(PR.CAPBSET_READ, number, 0, 0, 0);
    // EINVAL: past the last capability of this kernel.
    if (there < 0) return;
    if (there === 0 || (keep >> BigInt(number)) & 1n) continue;
    checked(cPrctl(PR.CAPBSET_DROP, number, 0, 0, 0), 'prctl(PR_CAPBSET_DROP)', `capability ${number}`);
  }
}

/** The ambient set; one that the permitted or inheritable set lacks cannot be in it, and is left out. */
export function setAmbientCapabilities(set: CapabilitySet): void {
  cPrctl(PR.CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (let number = 0; number < 64; number++) {
    if ((set >> BigInt(number)) & 1n) cPrctl(PR.CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0);
  }
}

export function setUser(uid: number): void {
  checked(cSyscall3(SYS.SETRESUID, uid, uid, uid), 'setresuid', `user ${uid}`);
}

export function setGroup(gid: number): void {
  checked(cSyscall3(SYS.SETRESGID, gid, gid, gid), 'setresgid', `group ${gid}`);
}

export function setSupplementaryGroups(groups: readonly number[]): void {
  checked(cSetgroups(SYS.SETGROUPS, groups.length, new Uint32Array(groups)), 'setgroups', 'supplementary groups');
}

/** PR_SET_KEEPCAPS: permitted capabilities survive the change from user 0 to another, until the next execve(2). */
export function keepCapabilities(keep: boolean): void {
  checked(cPrctl(PR.SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0), 'prctl(PR_SET_KEEPCAPS)', 'capabilities');
}

export function setNoNewPrivileges(): void {
  checked(cPrctl(PR.SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'prctl(PR_SET_NO_NEW_PRIVS)', 'this thread');
}

/** PR_SET_DUMPABLE 0: processes without CAP_SYS_PTRACE cannot look at this one through /proc. */
export function hideFromOthers(): void {
  checked(cPrctl(PR.SET_DUMPABLE, 0, 0, 0, 0), 'prctl(PR_SET_DUMPABLE)', 'this process');
}

/** PR_SET_PDEATHSIG: a signal for this process when the thread that started it ends. */
export function dieWithParent(signal: number): void {
  checked(cPrctl(PR.SET_PDEATHSIG, signal, 0, 0, 0), 'prctl(PR_SET_PDEATHSIG)', 'this process');
}
