import { closeSync, openSync } from 'node:fs';
import { checked, libcFunction } from './libc.ts';

const cUnshare = libcFunction<[number], number>('int unshare(int flags)');
const cSetns = libcFunction<[number, number], number>('int setns(int fd, int type)');
const cPidfdOpen = libcFunction<[number, number, number], number>(
  'long syscall(long number, int pid, unsigned int flags)',
);
const cPidfdGetfd = libcFunction<[number, number, number, number], number>(
  'long syscall(long number, int pidfd, int target, unsigned int flags)',
);

/** sched.h, Linux: one bit per kind of namespace, and one for root and working directory. */
export const CLONE = {
  FS: 0x200,
  NEWTIME: 0x80,
  NEWNS: 0x0002_0000,
  NEWCGROUP: 0x0200_0000,
  NEWUTS: 0x0400_0000,
  NEWIPC: 0x0800_0000,
  NEWUSER: 0x1000_0000,
  NEWPID: 0x2000_0000,
  NEWNET: 0x4000_0000,
} as const;

/** System call numbers, x86-64. */
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

/** unshare(2): the calling thread leaves the namespaces named by `flags` for new ones. */
export function unshare(flags: number): void {
  if (flags !== 0) checked(cUnshare(flags), 'unshare', 'namespaces');
}

/** setns(2) with an open namespace file; `type` is a CLONE bit. */
export function enterNamespace(fd: number, type: number, object: string): void {
  checked(cSetns(fd, type), 'setns', object);
}

/** setns(2) by path: `/proc/42/ns/net`. */
export function enterNamespaceAt(path: string, type: number): void {
  const fd = openSync(path, 'r');
  try {
    enterNamespace(fd, type, path);
  } finally {
    closeSync(fd);
  }
}

/** pidfd_open(2). */
export function pidfdOpen(pid: number): number {
  return checked(cPidfdOpen(SYS_PIDFD_OPEN, pid, 0), 'pidfd_open', `process ${pid}`);
}

/** pidfd_getfd(2): a descriptor of another process, as one of ours (close-on-exec). */
export function fdOfProcess(pid: number, fd: number): number {
  const pidfd = pidfdOpen(pid);
  try {
    return checked(cPidfdGetfd(SYS_PIDFD_GETFD, pidfd, fd, 0), 'pidfd_getfd', `descriptor ${fd} of process ${pid}`);
  } finally {
    closeSync(pidfd);
  }
}
