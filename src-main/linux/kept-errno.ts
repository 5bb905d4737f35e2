import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import koffi from 'koffi';

/**
 * A C function called through FFI and the look at its errno are two calls, and in between the garbage collector may run,
 * whose allocator makes system calls of its own: EAGAIN becomes the EINVAL of a prctl(2) that this kernel does not know.
 * So functions are called through a few instructions that put errno aside before they return to JavaScript.
 *
 * They take a record's address before the function's own arguments, of which there are up to seven:
 *
 *     struct { void *function; int *kept; };
 */
// biome-ignore format: an instruction per line, in the SDM 2A notation; arguments by psABI 3.2.3
const CALL_AND_KEEP = (errnoLocation: bigint): Buffer => Buffer.from([
  0xf3, 0x0f, 0x1e, 0xfa, //                     endbr64
  0x53, //                                       push rbx
  0x48, 0x8b, 0x5f, 0x08, //                     mov rbx, [rdi + 8]
  0x4c, 0x8b, 0x1f, //                           mov r11, [rdi]
  0x48, 0x89, 0xf7, //                           mov rdi, rsi
  0x48, 0x89, 0xd6, //                           mov rsi, rdx
  0x48, 0x89, 0xca, //                           mov rdx, rcx
  0x4c, 0x89, 0xc1, //                           mov rcx, r8
  0x4d, 0x89, 0xc8, //                           mov r8, r9
  0x4c, 0x8b, 0x4c, 0x24, 0x10, //               mov r9, [rsp + 16]
  0x48, 0x83, 0xec, 0x08, //                     sub rsp, 8
  0xff, 0x74, 0x24, 0x20, //                     push [rsp + 32]
  0x31, 0xc0, //                                 xor eax, eax: no vector registers, for variadic functions
  0x41, 0xff, 0xd3, //                           call r11
  0x48, 0x89, 0x04, 0x24, //                     mov [rsp], rax
  0x49, 0xbb, ...littleEndian(errnoLocation), // mov r11, __errno_location
  0x41, 0xff, 0xd3, //                           call r11
  0x8b, 0x08, //                                 mov ecx, [rax]
  0x89, 0x0b, //                                 mov [rbx], ecx
  0x48, 0x8b, 0x04, 0x24, //                     mov rax, [rsp]
  0x48, 0x83, 0xc4, 0x10, //                     add rsp, 16
  0x5b, //                                       pop rbx
  0xc3, //                                       ret
]);

const MOST_FUNCTIONS = 256;
const RECORD_BYTES = 16;
const PAGE_BYTES = 4096;
/** mmap(2): PROT_READ, PROT_WRITE, PROT_EXEC; MAP_PRIVATE and MAP_ANONYMOUS. */
const [READ, WRITE, EXECUTE, PRIVATE_ANONYMOUS] = [1, 2, 4, 0x22];
/** Where the instructions are, told to every thread that this one starts. */
const SHARED_AS = 'bulkhead.linux.call-and-keep';

type Anything = (...args: unknown[]) => unknown;

/** Declares C functions whose errno is kept, for the thread that makes this. */
export class KeptErrno {
  /** Memory outside the garbage collector's heap, which it does not move: small typed arrays of their own are inside. */
  private readonly memory = new ArrayBuffer(8 + MOST_FUNCTIONS * RECORD_BYTES);
  private readonly kept = new Int32Array(this.memory, 0, 1);
  private readonly records = new BigUint64Array(this.memory, 8);
  private readonly address = BigInt(koffi.address(new Uint8Array(this.memory)));
  private readonly code: bigint;
  private readonly dlsym: Anything;
  private count = 0;

  constructor(libc: ReturnType<typeof koffi.load>) {
    this.dlsym = libc.func('uintptr_t dlsym(void *handle, const char *symbol)');
    const known = getEnvironmentData(SHARED_AS);
    this.code = typeof known === 'bigint' ? known : this.writeCode(libc);
  }

  /** errno as the last of the functions left it. */
  get last(): number {
    return this.kept[0]!;
  }

  /** A function of libc by its prototype. */
  declare(prototype: string): Anything {
    const [, result, name, parameters] = /^(.*[ *])(\w+)\((.*)\)$/s.exec(prototype) ?? [];
    if (name === undefined || this.count === MOST_FUNCTIONS) throw new Error(`cannot be declared: ${prototype}`);
    const at = this.count++;
    this.records[at * 2] = this.symbol(name);
    this.records[at * 2 + 1] = this.address;
    const type = koffi.proto(`${result}(uintptr_t record${parameters === '' ? '' : `, ${parameters}`})`);
    const call = koffi.decode(this.code, type) as Anything;
    return call.bind(undefined, Number(this.address) + 8 + at * RECORD_BYTES);
  }

  symbol(name: string): bigint {
    const address = BigInt(this.dlsym(null, name) as number | bigint);
    if (address === 0n) throw new Error(`libc has no ${name}`);
    return address;
  }

  private writeCode(libc: ReturnType<typeof koffi.load>): bigint {
    const mmap = libc.func(
      'intptr_t mmap(uintptr_t at, size_t length, int protection, int flags, int fd, int64_t offset)',
    );
    const mprotect = libc.func('int mprotect(uintptr_t at, size_t length, int protection)');
    const memcpy = libc.func('uintptr_t memcpy(uintptr_t target, void *source, size_t length)');
    const page = BigInt(mmap(0, PAGE_BYTES, READ | WRITE, PRIVATE_ANONYMOUS, -1, 0) as number | bigint);
    if (page < 0n) throw new Error('no memory for the calls of libc');
    const code = CALL_AND_KEEP(this.symbol('__errno_location'));
    memcpy(page, code, code.length);
    if (mprotect(page, PAGE_BYTES, READ | EXECUTE) !== 0) {
      throw new Error('this computer allows no program to make code of its own (as JavaScript engines do)');
    }
    setEnvironmentData(SHARED_AS, page);
    return page;
  }
}

function littleEndian(value: bigint): Uint8Array {
  return new Uint8Array(BigUint64Array.of(value).buffer);
}
