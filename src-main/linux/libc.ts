import os from 'node:os';
import koffi from 'koffi';
import { Failure, type FailureOptions } from '../base/failure.ts';
import { KeptErrno } from './kept-errno.ts';

/** The C library. Everything this program asks of the kernel goes through it, from this folder. */
const libc = koffi.load('libc.so.6');
const kept = new KeptErrno(libc);

/** Declares a C function of libc by its prototype. */
export function libcFunction<A extends unknown[], R>(prototype: string): (...args: A) => R {
  return kept.declare(prototype) as (...args: A) => R;
}

/** The same for a call that may take long: it is made in one of koffi's threads. Its errno is not to be had. */
export function libcAsyncFunction<A extends unknown[], R>(prototype: string): (...args: A) => Promise<R> {
  const call = libc.func(prototype);
  return (...args) =>
    new Promise((resolve, reject) => {
      call.async(...args, (error: Error | null, result: R) => (error ? reject(error) : resolve(result)));
    });
}

/** The address of a libc function, for the kernel or libc to call. */
export function libcSymbol(name: string): bigint {
  return kept.symbol(name);
}

/** What the last `libcFunction` that was called left in errno; of meaning after one that failed. */
export function errno(): number {
  return kept.last;
}

/** Host-virtual address of the first byte of `view`. The memory must outlive every use of the address. */
export function addressOf(view: ArrayBufferView): bigint {
  return koffi.address(view) as bigint;
}

/** Of two names for one number the first counts: EAGAIN, not EWOULDBLOCK. */
const nameOfErrno = new Map(
  Object.entries(os.constants.errno)
    .map(([name, value]) => [value, name] as const)
    .reverse(),
);

export function errnoName(code: number): string {
  return nameOfErrno.get(code) ?? `errno ${code}`;
}

/** What an errno means when opening or changing a file system object, for people. */
const hints: Record<string, string> = {
  ENOSPC: 'free some disk space and try again',
  EMFILE: 'raise the limit of open files (ulimit -n)',
  ENOMEM: 'free some memory or give the machine less',
};

/** A failed system call, with the call, the errno's name and the object it was about. */
export class SystemCallFailure extends Failure {
  constructor(
    readonly call: string,
    readonly errnoCode: number,
    readonly object: string,
    options: FailureOptions = {},
  ) {
    const name = errnoName(errnoCode);
    const hint = options.hint ?? hints[name];
    super(
      'host',
      `errno-${name.toLowerCase()}`,
      `${object}: ${call} failed with ${name} (${describeErrno(errnoCode)})`,
      {
        ...options,
        ...(hint === undefined ? {} : { hint }),
        facts: { call, errno: name, object, ...options.facts },
      },
    );
  }

  get errnoName(): string {
    return errnoName(this.errnoCode);
  }
}

const strerror = libc.func('const char *strerror(int code)') as unknown as (code: number) => string;

function describeErrno(code: number): string {
  return strerror(code);
}

/** `result` when it is not negative; a `SystemCallFailure` from the current errno otherwise. */
export function checked(result: number, call: string, object: string): number {
  if (result >= 0) return result;
  throw new SystemCallFailure(call, errno(), object);
}
