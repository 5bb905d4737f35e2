import { addressOf, checked, errno, errnoName, libcFunction, libcSymbol, SystemCallFailure } from './libc.ts';

const cGettid = libcFunction<[], number>('int gettid()');
const cSyscall3 = libcFunction<[number, number, number, number], number>(
  'long syscall(long number, long a, long b, long c)',
);
const cSigaction = libcFunction<[number, bigint, null], number>(
  'int sigaction(int signal, uintptr_t action, void *old)',
);
const cSchedSetaffinity = libcFunction<[number, number, Uint8Array], number>(
  'int sched_setaffinity(int tid, size_t bytes, const uint8_t *mask)',
);
const cPrctl = libcFunction<[number, string], number>('int prctl(int option, const char *argument)');

/** syscall numbers, x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const SYS_TGKILL = 234;
/** prctl(2). */
const PR_SET_NAME = 15;

/**
 * The signal that gets a thread out of a system call: the fourth real-time signal by number, which neither glibc
 * (32, 33), Node nor Chromium uses.
 */
export const KICK_SIGNAL = 38;

/** sizeof(struct sigaction) in glibc x86-64; sa_handler is its first member. */
const SIGACTION_BYTES = 152;

export function currentThreadId(): number {
  return cGettid();
}

/** Names the calling thread for ps, top and debuggers; at most 15 bytes are kept (prctl(2)). */
export function nameCurrentThread(name: string): void {
  cPrctl(PR_SET_NAME, name.slice(0, 15));
}

/** Lets the calling thread run on these CPUs alone. Throws where none of them may be used. */
export function pinCurrentThread(cpus: readonly number[]): void {
  pinThread(0, cpus);
}

/** The same for a thread by its id, which of a process's first thread is its pid (sched_setaffinity(2)). */
export function pinThread(tid: number, cpus: readonly number[]): void {
  // The kernel takes whole longs of its cpumask (cpu_set_t).
  const mask = new Uint8Array(8 * (Math.floor(Math.max(...cpus) / 64) + 1));
  for (const cpu of cpus) mask[cpu >> 3]! |= 1 << (cpu & 7);
  checked(cSchedSetaffinity(tid, mask.length, mask), 'sched_setaffinity', `host CPU ${cpus.join(', ')}`);
}

/**
 * Makes KICK_SIGNAL harmless for the process: its only effect is that a blocking call returns EINTR. A signal handler
 * must not enter JavaScript, so the handler is libc's own `abs`, which takes an int and touches nothing.
 */
export function installKickSignal(): void {
  const action = new Uint8Array(SIGACTION_BYTES);
  new DataView(action.buffer).setBigUint64(0, libcSymbol('abs'), true);
  checked(cSigaction(KICK_SIGNAL, addressOf(action), null), 'sigaction', 'kick signal');
}

/** Sends KICK_SIGNAL to one thread of this process. A thread that has ended meanwhile is no error. */
export function kickThread(tid: number): void {
  if (cSyscall3(SYS_TGKILL, process.pid, tid, KICK_SIGNAL) === 0) return;
  const code = errno();
  if (errnoName(code) !== 'ESRCH') throw new SystemCallFailure('tgkill', code, `thread ${tid}`);
}
