import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { checked, errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cMount = libcFunction<[string, string, string | null, number, string | null], number>(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *options)',
);
const cUmount2 = libcFunction<[string, number], number>('int umount2(const char *target, int flags)');
const cUnshare = libcFunction<[number], number>('int unshare(int flags)');

/** mount(2) flags. */
const MS_BIND = 4096;
const MS_REC = 16384;
const MS_PRIVATE = 1 << 18;
/** umount2(2) flags. */
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
/** sched.h. */
const CLONE_NEWNS = 0x20000;

/** mount(2): overlays, whose options fsconfig(2) takes only 256 bytes at a time of. */
export function mount(
  source: string,
  target: string,
  type: string | null,
  flags: number,
  options: string | null,
): void {
  checked(cMount(source, target, type, flags, options), 'mount', target);
}

/** Shows `source` at `target` as well. */
export function bindMount(source: string, target: string): void {
  mount(source, target, null, MS_BIND, null);
}

/** Whether something of another file system lies over the file at `path`. */
export function isMountPoint(path: string): boolean {
  return statSync(path).dev !== statSync(dirname(path)).dev;
}

/** Unmounts now and lets go when the last user does. Whether anything was mounted there. */
export function unmountLazily(target: string): boolean {
  if (cUmount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) === 0) return true;
  const code = errno();
  // EINVAL: not a mount point.
  if (['EINVAL', 'ENOENT'].includes(errnoName(code))) return false;
  throw new SystemCallFailure('umount2', code, target);
}

/** Gives the calling thread, and it alone, mounts of its own, of which nobody else learns; they end with the thread. */
export function unshareMounts(): void {
  checked(cUnshare(CLONE_NEWNS), 'unshare', 'mount namespace');
  mount('none', '/', null, MS_REC | MS_PRIVATE, null);
}
