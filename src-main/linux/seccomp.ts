import { addressOf, checked, libcFunction } from './libc.ts';

const cSeccomp = libcFunction<[number, number, number, Uint8Array], number>(
  'long syscall(long number, unsigned int operation, unsigned int flags, void *program)',
);

const SYS_SECCOMP = 317;
const SET_MODE_FILTER = 1;

/** seccomp(2) flags. */
export const SECCOMP_FLAGS: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
  SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: 32,
};

/**
 * Installs a filter for the calling thread: `program` is an array of struct sock_filter, eight bytes each.
 */
export function installSeccompFilter(program: Uint8Array, flags: number): void {
  const fprog = new Uint8Array(16);
  const view = new DataView(fprog.buffer);
  view.setUint16(0, program.length / 8, true);
  view.setBigUint64(8, addressOf(program), true);
  checked(cSeccomp(SYS_SECCOMP, SET_MODE_FILTER, flags, fprog), 'seccomp', 'system call filter');
}
