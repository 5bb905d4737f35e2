import { addressOf, checked, errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';

const cExecve = libcFunction<[string, BigUint64Array, BigUint64Array], number>(
  'int execve(const char *path, void *arguments, void *environment)',
);
const cCloseRange = libcFunction<[number, number, number], number>(
  'int close_range(unsigned int first, unsigned int last, int flags)',
);
const cSigaction = libcFunction<[number, Uint8Array, null], number>(
  'int sigaction(int signal, void *action, void *old)',
);
const cSigprocmask = libcFunction<[number, Uint8Array, null], number>(
  'int pthread_sigmask(int how, void *set, void *old)',
);
const cPrlimit = libcFunction<[number, number, BigUint64Array | null, BigUint64Array | null], number>(
  'int prlimit64(int pid, int resource, void *limit, void *old)',
);
const cDup2 = libcFunction<[number, number], number>('int dup2(int from, int to)');
const cFcntl = libcFunction<[number, number, number], number>('int fcntl(int fd, int command, int argument)');
const cSetsid = libcFunction<[], number>('int setsid()');
const cPersonality = libcFunction<[number], number>('int personality(unsigned long persona)');
const cPipe2 = libcFunction<[Int32Array, number], number>('int pipe2(void *ends, int flags)');
const cMkfifo = libcFunction<[string, number], number>('int mkfifo(const char *path, unsigned int mode)');

const CLOSE_RANGE_CLOEXEC = 4;
const F_SETFD = 2;
const SIG_SETMASK = 2;
/** sizeof(struct sigaction) and sizeof(sigset_t) in glibc x86-64. */
const SIGACTION_BYTES = 152;
const SIGSET_BYTES = 128;
const LAST_SIGNAL = 64;

/** setrlimit(2), by name; the numbers of asm-generic/resource.h. */
export const RLIMITS: Readonly<Record<string, number>> = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
};

/** Becomes another program. Returns only to throw: every other thread of this process is gone after success. */
export function execute(path: string, args: readonly string[], env: readonly string[]): never {
  // The vectors hold addresses only: what they point at lives as long as this.
  const held: Uint8Array[] = [];
  const vector = (texts: readonly string[]): BigUint64Array => {
    const addresses = new BigUint64Array(texts.length + 1);
    texts.forEach((text, at) => {
      const bytes = Buffer.from(`${text}\0`);
      held.push(bytes);
      addresses[at] = addressOf(bytes);
    });
    return addresses;
  };
  cExecve(path, vector(args), vector(env));
  const code = errno();
  held.length = 0;
  throw new SystemCallFailure('execve', code, path);
}

/** The program that is executed gets the descriptors below `first` (libuv marks 0–2 close-on-exec) and no others. */
export function handOnDescriptorsBelow(first: number): void {
  for (let fd = 0; fd < first; fd++) cFcntl(fd, F_SETFD, 0);
  checked(cCloseRange(first, 0xffff_ffff, CLOSE_RANGE_CLOEXEC), 'close_range', 'descriptors');
}

/** Every signal does what it does by default, and none is blocked: what a fresh program expects (execve(2)). */
export function resetSignals(): void {
  const action = new Uint8Array(SIGACTION_BYTES);
  for (let signal = 1; signal <= LAST_SIGNAL; signal++) cSigaction(signal, action, null);
  checked(cSigprocmask(SIG_SETMASK, new Uint8Array(SIGSET_BYTES), null), 'sigprocmask', 'signals');
}

/** prlimit(2) of process `pid`, 0 for this one. -1 is no limit. */
export function setResourceLimit(pid: number, name: string, soft: number, hard: number): void {
  const limit = new BigUint64Array([unsigned(soft), unsigned(hard)]);
  checked(cPrlimit(pid, RLIMITS[name] ?? -1, limit, null), 'prlimit', `${name} ${soft}:${hard}`);
}

const unsigned = (value: number): bigint => (value < 0 ? 0xffff_ffff_ffff_ffffn : BigInt(value));

export function duplicateTo(from: number, to: number): void {
  checked(cDup2(from, to), 'dup2', `descriptor ${from}`);
}

/** setsid(2): a session of its own. One that leads a group already cannot have one, and needs none. */
export function startSession(): void {
  if (cSetsid() < 0 && errnoName(errno()) !== 'EPERM') throw new SystemCallFailure('setsid', errno(), 'session');
}

export function setPersonality(persona: number): void {
  checked(cPersonality(persona), 'personality', 'this process');
}

/** pipe2(2): both ends close-on-exec. */
export function openPipe(): { readonly read: number; readonly write: number } {
  const ends = new Int32Array(2);
  checked(cPipe2(ends, 0o2000000), 'pipe2', 'pipe');
  return { read: ends[0]!, write: ends[1]! };
}

export function makeFifo(path: string): void {
  checked(cMkfifo(path, 0o600), 'mkfifo', path);
}
