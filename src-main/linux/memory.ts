import os from 'node:os';
import type { Disposable } from '../base/disposable.ts';
import { invariant } from '../base/failure.ts';
import { addressOf, errno, libcFunction, SystemCallFailure } from './libc.ts';

export const PAGE_SIZE = 4096;

const cMmap = libcFunction<[bigint, number, number, number, number, number], number | bigint>(
  'intptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
);
const cMadvise = libcFunction<[bigint, number, number], number>(
  'int madvise(uintptr_t address, size_t length, int advice)',
);

/** mman.h, Linux x86-64. */
const PROT_READ_WRITE = 1 | 2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MADV_DONTNEED = 4;
const MADV_HUGEPAGE = 14;

/**
 * Page-aligned memory that JavaScript, other threads and the kernel all see. V8 will not wrap foreign memory, so the
 * buffer is V8's and the kernel is given the pages inside it. Pages are only touched when used.
 */
export class SharedPages {
  readonly bytes: Uint8Array;
  /** Host-virtual address of `bytes`, a multiple of the page size. */
  readonly address: bigint;

  constructor(
    readonly buffer: SharedArrayBuffer,
    readonly offset: number,
    readonly size: number,
  ) {
    this.bytes = new Uint8Array(buffer, offset, size);
    this.address = addressOf(this.bytes);
    invariant(this.address % BigInt(PAGE_SIZE) === 0n, 'shared pages are not page-aligned');
  }

  /** `size` bytes, a multiple of the page size, zeroed, at a host address that is a multiple of `alignment`. */
  static allocate(size: number, object: string, alignment = PAGE_SIZE): SharedPages {
    invariant(size > 0 && size % PAGE_SIZE === 0, `${object}: ${size} is not a whole number of pages`);
    let buffer: SharedArrayBuffer;
    try {
      buffer = new SharedArrayBuffer(size + alignment);
    } catch (cause) {
      throw new SystemCallFailure('allocate', os.constants.errno.ENOMEM, object, { cause });
    }
    const misaligned = Number(addressOf(new Uint8Array(buffer)) % BigInt(alignment));
    return new SharedPages(buffer, misaligned === 0 ? 0 : alignment - misaligned, size);
  }

  /** Asks for transparent huge pages: fewer nested page faults for guest RAM. Best effort. */
  preferHugePages(): void {
    cMadvise(this.address, this.size, MADV_HUGEPAGE);
  }

  /** Gives the pages back to the host and zeroes them. */
  discard(): void {
    cMadvise(this.address, this.size, MADV_DONTNEED);
  }

  /**
   * Maps `fd` over these pages, shared; dispose puts plain zeroed memory back, so that V8 never finds a hole in its
   * buffer.
   */
  mapOver(fd: number, fileOffset: number, object: string): Disposable {
    this.map(MAP_SHARED | MAP_FIXED, fd, fileOffset, object);
    return { dispose: () => this.map(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0, object) };
  }

  private map(flags: number, fd: number, fileOffset: number, object: string): void {
    const mapped = cMmap(this.address, this.size, PROT_READ_WRITE, flags, fd, fileOffset);
    if (BigInt(mapped) !== this.address) throw new SystemCallFailure('mmap', errno(), object);
  }
}

/**
 * Gives whole host pages within `bytes` back to the host; what was in them reads as zeros afterwards. Private anonymous
 * memory only, as V8's buffers are.
 */
export function discardPages(bytes: Uint8Array): void {
  const page = BigInt(PAGE_SIZE);
  const start = addressOf(bytes);
  const first = ((start + page - 1n) / page) * page;
  const end = ((start + BigInt(bytes.length)) / page) * page;
  if (end > first) cMadvise(first, Number(end - first), MADV_DONTNEED);
}
