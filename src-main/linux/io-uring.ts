/**
 * io_uring(7): reads, writes and syncs handed to the kernel in shared rings. The subset is that of Linux 5.8:
 * vectored positioned I/O, fdatasync, an eventfd for completions.
 *
 * One thread uses a ring. Numbers and layouts are those of linux/io_uring.h.
 */
import { type Disposable, owning } from '../base/disposable.ts';
import { Fd } from './fd.ts';
import { checked, errno, errnoName, libcFunction, SystemCallFailure } from './libc.ts';
import { PAGE_SIZE, SharedPages } from './memory.ts';

const cSetup = libcFunction<[number, number, Uint8Array], number>(
  'long syscall(long number, long entries, void *params)',
);
const cEnter = libcFunction<[number, number, number, number, number, null, number], number>(
  'long syscall(long number, long fd, long submit, long wait, long flags, void *mask, long size)',
);
const cRegister = libcFunction<[number, number, number, Uint8Array, number], number>(
  'long syscall(long number, long fd, long what, void *argument, long count)',
);

/** arch/x86/entry/syscalls/syscall_64.tbl. */
const SYS = { setup: 425, enter: 426, register: 427 } as const;

const OP = { READV: 1, WRITEV: 2, FSYNC: 3 } as const;
const FSYNC_DATASYNC = 1;
const ENTER_GETEVENTS = 1;
const REGISTER_EVENTFD = 4;
const CQ_EVENTFD_DISABLED = 1;
/** Both rings in one mapping; completions are never dropped. */
const FEATURES = 1 | 2;
const OFF_RINGS = 0;
const OFF_SQES = 0x1000_0000;

const SQE_BYTES = 64;
const CQE_BYTES = 16;

/**
 * V8 will not wrap foreign memory, so the rings live in ours: since Linux 6.5 the kernel takes it as it is, and before
 * 6.4 it let its own be mapped over it. In between, and where 6.4's rule was ported back, there is no ring to be had.
 */
const SETUP_NO_MMAP = 1 << 14;

/** So many that the entries fill one page, and both rings another: up to Linux 6.9 either had to be contiguous. */
const ENTRIES = PAGE_SIZE / SQE_BYTES;

/** struct io_uring_params: where its members start. */
const PARAMS = {
  bytes: 120,
  sqEntries: 0,
  cqEntries: 4,
  flags: 8,
  features: 20,
  sqOffsets: 40,
  sqesAddress: 72,
  cqOffsets: 80,
  ringAddress: 112,
} as const;

/** Where the words of the rings are, in 32-bit words from the start of the mapping. */
interface RingWords {
  readonly sqHead: number;
  readonly sqTail: number;
  readonly sqArray: number;
  readonly cqHead: number;
  readonly cqTail: number;
  readonly cqFlags: number;
  readonly cqes: number;
}

const OBJECT = 'io_uring';

export class IoUring implements Disposable {
  /** Of the completion `next` found. */
  completed = 0;
  result = 0;
  /** Prepared and not yet handed to the kernel. */
  private prepared = 0;
  private readonly words: Int32Array;
  private readonly entries: Uint32Array;

  private constructor(
    private readonly owner: Disposable,
    private readonly fd: Fd,
    ring: SharedPages,
    sqes: SharedPages,
    /** How many submissions, and how many completions, the rings hold. */
    readonly sqEntries: number,
    readonly cqEntries: number,
    private readonly at: RingWords,
  ) {
    this.words = new Int32Array(ring.buffer, ring.offset, ring.size / 4);
    this.entries = new Uint32Array(sqes.buffer, sqes.offset, sqes.size / 4);
    for (let i = 0; i < sqEntries; i++) this.words[at.sqArray + i] = i;
  }

  /** A ring; null where the kernel is too old or io_uring is forbidden. */
  static tryCreate(): IoUring | null {
    return IoUring.trySetup(SETUP_NO_MMAP) ?? IoUring.trySetup(0);
  }

  private static trySetup(flags: number): IoUring | null {
    return owning((owner) => {
      const ring = SharedPages.allocate(PAGE_SIZE, OBJECT);
      const sqes = SharedPages.allocate(PAGE_SIZE, OBJECT);
      const params = new DataView(new ArrayBuffer(PARAMS.bytes));
      params.setUint32(PARAMS.flags, flags, true);
      if (flags === SETUP_NO_MMAP) {
        params.setBigUint64(PARAMS.ringAddress, ring.address, true);
        params.setBigUint64(PARAMS.sqesAddress, sqes.address, true);
      }
      const number = cSetup(SYS.setup, ENTRIES, new Uint8Array(params.buffer));
      if (number < 0) return refusal('io_uring_setup', errno());
      const fd = owner.own(new Fd(number, OBJECT));
      const word = (offset: number): number => params.getUint32(offset, true);
      const at = ringWords(word);
      if ((word(PARAMS.features) & FEATURES) !== FEATURES || at.cqFlags === 0) return giveUp(owner);
      if (flags !== SETUP_NO_MMAP) {
        try {
          owner.own(ring.mapOver(fd.number, OFF_RINGS, OBJECT));
          owner.own(sqes.mapOver(fd.number, OFF_SQES, OBJECT));
        } catch {
          return giveUp(owner);
        }
      }
      return new IoUring(owner, fd, ring, sqes, word(PARAMS.sqEntries), word(PARAMS.cqEntries), at);
    });
  }

  /** Has `eventFd` signalled for every completion posted while no `enter` is running. */
  signalTo(eventFd: Fd): void {
    const argument = new Uint8Array(new Int32Array([eventFd.number]).buffer);
    checked(cRegister(SYS.register, this.fd.number, REGISTER_EVENTFD, argument, 1), 'io_uring_register', OBJECT);
  }

  readv(fd: number, vector: number, count: number, offset: number, token: number): void {
    this.prepare(OP.READV, fd, vector, count, offset, 0, token);
  }

  writev(fd: number, vector: number, count: number, offset: number, token: number): void {
    this.prepare(OP.WRITEV, fd, vector, count, offset, 0, token);
  }

  fdatasync(fd: number, token: number): void {
    this.prepare(OP.FSYNC, fd, 0, 0, 0, FSYNC_DATASYNC, token);
  }

  /** Hands what is prepared to the kernel, and waits until at least `wait` completions are there. */
  enter(wait: number): void {
    if (this.prepared === 0 && wait === 0) return;
    Atomics.store(this.words, this.at.cqFlags, CQ_EVENTFD_DISABLED);
    try {
      this.submit(wait);
    } finally {
      Atomics.store(this.words, this.at.cqFlags, 0);
    }
  }

  /** Takes one completion, leaving its token in `completed` and its result (negative: -errno) in `result`. */
  next(): boolean {
    const { words, at } = this;
    const head = words[at.cqHead]!;
    if (head === Atomics.load(words, at.cqTail)) return false;
    const cqe = at.cqes + (head & (this.cqEntries - 1)) * (CQE_BYTES / 4);
    this.completed = words[cqe]!;
    this.result = words[cqe + 2]!;
    Atomics.store(words, at.cqHead, head + 1);
    return true;
  }

  dispose(): void {
    this.owner.dispose();
  }

  private prepare(
    opcode: number,
    fd: number,
    address: number,
    length: number,
    offset: number,
    flags: number,
    token: number,
  ): void {
    if (this.prepared === this.sqEntries) this.enter(0);
    const { words, entries, at } = this;
    const tail = words[at.sqTail]!;
    const sqe = (tail & (this.sqEntries - 1)) * (SQE_BYTES / 4);
    entries.fill(0, sqe, sqe + SQE_BYTES / 4);
    entries[sqe] = opcode;
    entries[sqe + 1] = fd;
    entries[sqe + 2] = offset;
    entries[sqe + 3] = offset / 0x1_0000_0000;
    entries[sqe + 4] = address;
    entries[sqe + 5] = address / 0x1_0000_0000;
    entries[sqe + 6] = length;
    entries[sqe + 7] = flags;
    entries[sqe + 8] = token;
    Atomics.store(words, at.sqTail, tail + 1);
    this.prepared++;
  }

  private submit(wait: number): void {
    for (;;) {
      const flags = wait > 0 ? ENTER_GETEVENTS : 0;
      const taken = cEnter(SYS.enter, this.fd.number, this.prepared, wait, flags, null, 0);
      if (taken >= 0) {
        this.prepared -= taken;
        if (this.prepared === 0) return;
        continue;
      }
      const code = errno();
      // EAGAIN and EBUSY: the kernel is out of room for a moment; io_uring_enter(2).
      if (!['EINTR', 'EAGAIN', 'EBUSY'].includes(errnoName(code)))
        throw new SystemCallFailure('io_uring_enter', code, OBJECT);
    }
  }
}

function ringWords(word: (offset: number) => number): RingWords {
  const { sqOffsets, cqOffsets } = PARAMS;
  return {
    sqHead: word(sqOffsets) / 4,
    sqTail: word(sqOffsets + 4) / 4,
    sqArray: word(sqOffsets + 24) / 4,
    cqHead: word(cqOffsets) / 4,
    cqTail: word(cqOffsets + 4) / 4,
    cqFlags: word(cqOffsets + 24) / 4,
    cqes: word(cqOffsets + 20) / 4,
  };
}

/** Null for what means that this host has no ring for us. */
function refusal(call: string, code: number): null {
  if (['ENOSYS', 'EPERM', 'EACCES', 'EINVAL', 'ENOMEM'].includes(errnoName(code))) return null;
  throw new SystemCallFailure(call, code, OBJECT);
}

function giveUp(owner: Disposable): null {
  owner.dispose();
  return null;
}
