import { constants } from 'node:os';
import type { Seccomp, SyscallRule } from '../spec/linux.ts';
import { SYSCALLS } from './syscalls.ts';

/** Docker 27's default policy: what a container may not call unless it has one of the capabilities. */
const WITH_CAPABILITY: Readonly<Record<string, readonly string[]>> = {
  CAP_DAC_READ_SEARCH: ['open_by_handle_at'],
  CAP_SYS_ADMIN: [
    ...[
      'bpf',
      'clone',
      'clone3',
      'fanotify_init',
      'fsconfig',
      'fsmount',
      'fsopen',
      'fspick',
      'lookup_dcookie',
      'mount',
    ],
    ...['mount_setattr', 'move_mount', 'open_tree', 'perf_event_open', 'quotactl', 'quotactl_fd', 'setdomainname'],
    ...['sethostname', 'setns', 'syslog', 'umount', 'umount2', 'unshare'],
  ],
  CAP_SYS_BOOT: ['reboot'],
  CAP_SYS_CHROOT: ['chroot'],
  CAP_SYS_MODULE: ['delete_module', 'finit_module', 'init_module'],
  CAP_SYS_PACCT: ['acct'],
  CAP_SYS_PTRACE: ['kcmp', 'pidfd_getfd', 'process_madvise'],
  CAP_SYS_RAWIO: ['ioperm', 'iopl'],
  CAP_SYS_TIME: ['clock_settime', 'clock_settime64', 'settimeofday', 'stime'],
  CAP_SYS_TTY_CONFIG: ['vhangup'],
  CAP_SYS_NICE: ['get_mempolicy', 'mbind', 'set_mempolicy', 'set_mempolicy_home_node'],
  CAP_SYSLOG: ['syslog'],
  CAP_BPF: ['bpf'],
  CAP_PERFMON: ['perf_event_open'],
};

/** What no container may call: keys are not in a namespace, io_uring goes around this very filter, the rest is old. */
const NEVER = [
  ...['_sysctl', 'add_key', 'afs_syscall', 'bdflush', 'break', 'create_module', 'epoll_ctl_old', 'epoll_wait_old'],
  ...['ftime', 'get_kernel_syms', 'getpmsg', 'gtty', 'idle', 'io_uring_enter', 'io_uring_register', 'io_uring_setup'],
  ...['kexec_file_load', 'kexec_load', 'keyctl', 'lock', 'migrate_pages', 'move_pages', 'mpx', 'nfsservctl'],
  ...['open_tree_attr', 'pivot_root', 'prof', 'profil', 'putpmsg', 'query_module', 'request_key', 'security'],
  ...['stty', 'swapoff', 'swapon', 'sysfs', 'tuxcall', 'ulimit', 'uselib', 'userfaultfd', 'ustat', 'vm86', 'vm86old'],
  'vserver',
];

/** personality(2) values that change nothing but the look of uname and addresses. */
const PERSONALITIES = [0x0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/** The namespace flags of clone(2). */
const CLONE_NAMESPACES = 0x7e02_0000;
const AF_VSOCK = 40;

/** Docker's default policy for a container with these capabilities. */
export function defaultSeccomp(capabilities: readonly string[]): Seccomp {
  const withheld = new Set(Object.values(WITH_CAPABILITY).flat());
  for (const [capability, names] of Object.entries(WITH_CAPABILITY)) {
    if (capabilities.includes(capability)) for (const name of names) withheld.delete(name);
  }
  const special = new Set([...NEVER, 'personality', 'socket']);
  const allowed = [...SYSCALLS.keys()].filter((name) => !withheld.has(name) && !special.has(name));
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: constants.errno.EPERM,
    architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    flags: null,
    syscalls: [
      allow(allowed),
      allow(['socket'], { op: 'SCMP_CMP_NE', value: AF_VSOCK }),
      ...PERSONALITIES.map((value) => allow(['personality'], { op: 'SCMP_CMP_EQ', value })),
      ...(withheld.has('clone')
        ? [
            allow(['clone'], { op: 'SCMP_CMP_MASKED_EQ', value: CLONE_NAMESPACES, valueTwo: 0 }),
            // Its flags are in memory, where no filter sees them: as if there were none, so that libc uses clone.
            { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: constants.errno.ENOSYS, args: null },
          ]
        : []),
    ],
  };
}

function allow(names: string[], comparison?: { op: string; value: number; valueTwo?: number }): SyscallRule {
  return { names, action: 'SCMP_ACT_ALLOW', args: comparison ? [{ index: 0, ...comparison }] : null };
}
