import { checked, libcFunction } from './libc.ts';

const cSchedSetattr = libcFunction<[number, number, Uint8Array, number], number>(
  'long syscall(long number, int pid, void *attributes, unsigned int flags)',
);
const cIoprioSet = libcFunction<[number, number, number, number], number>(
  'long syscall(long number, int which, int who, int priority)',
);

/** System call numbers, x86-64. */
const SYS_IOPRIO_SET = 251;
const SYS_SCHED_SETATTR = 314;

/** sched(7); the numbers of uapi/linux/sched.h. SCHED_ISO is reserved, and refused by the kernel. */
export const SCHEDULING_POLICIES = {
  SCHED_OTHER: 0,
  SCHED_FIFO: 1,
  SCHED_RR: 2,
  SCHED_BATCH: 3,
  SCHED_ISO: 4,
  SCHED_IDLE: 5,
  SCHED_DEADLINE: 6,
} as const;

export const SCHEDULING_FLAGS = {
  SCHED_FLAG_RESET_ON_FORK: 0x01,
  SCHED_FLAG_RECLAIM: 0x02,
  SCHED_FLAG_DL_OVERRUN: 0x04,
  SCHED_FLAG_KEEP_POLICY: 0x08,
  SCHED_FLAG_KEEP_PARAMS: 0x10,
  SCHED_FLAG_UTIL_CLAMP_MIN: 0x20,
  SCHED_FLAG_UTIL_CLAMP_MAX: 0x40,
} as const;

/** ioprio_set(2), "I/O scheduling classes". */
export const IO_PRIORITY_CLASSES = { IOPRIO_CLASS_RT: 1, IOPRIO_CLASS_BE: 2, IOPRIO_CLASS_IDLE: 3 } as const;
const IOPRIO_WHO_PROCESS = 1;
const IOPRIO_CLASS_SHIFT = 13;

/** struct sched_attr of uapi/linux/sched/types.h, SCHED_ATTR_SIZE_VER1. */
const ATTRIBUTES_BYTES = 56;

export interface Scheduling {
  readonly policy: keyof typeof SCHEDULING_POLICIES;
  /** -20 to 19. */
  readonly nice: number;
  /** 1 to 99 with the real-time policies, 0 with the others. */
  readonly priority: number;
  readonly flags: readonly (keyof typeof SCHEDULING_FLAGS)[] | null;
  /** Nanoseconds, of the deadline policy; so the next two. */
  readonly runtime: number;
  readonly deadline: number;
  readonly period: number;
}

/** sched_setattr(2), of the calling thread. */
export function setScheduling({ policy, nice, priority, flags, runtime, deadline, period }: Scheduling): void {
  const view = new DataView(new ArrayBuffer(ATTRIBUTES_BYTES));
  view.setUint32(0, ATTRIBUTES_BYTES, true);
  view.setUint32(4, SCHEDULING_POLICIES[policy], true);
  const bits = (flags ?? []).reduce((sum, name) => sum | SCHEDULING_FLAGS[name], 0);
  view.setBigUint64(8, BigInt(bits), true);
  view.setInt32(16, nice, true);
  view.setUint32(20, priority, true);
  view.setBigUint64(24, BigInt(runtime), true);
  view.setBigUint64(32, BigInt(deadline), true);
  view.setBigUint64(40, BigInt(period), true);
  checked(cSchedSetattr(SYS_SCHED_SETATTR, 0, new Uint8Array(view.buffer), 0), 'sched_setattr', policy);
}

/** ioprio_set(2), of the calling thread. `level`: 0, the highest, to 7. */
export function setIoPriority(name: keyof typeof IO_PRIORITY_CLASSES, level: number): void {
  const priority = (IO_PRIORITY_CLASSES[name] << IOPRIO_CLASS_SHIFT) | level;
  checked(cIoprioSet(SYS_IOPRIO_SET, IOPRIO_WHO_PROCESS, 0, priority), 'ioprio_set', `${name} ${level}`);
}
