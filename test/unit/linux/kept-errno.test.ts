import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errno, errnoName, libcFunction } from '../../../src-main/linux/libc.ts';

const close = libcFunction<[number], number>('int close(int fd)');

it('errno is the one of the call, whatever this thread asked of the kernel since', () => {
  expect(close(-1)).toBe(-1);
  expect(existsSync('/nowhere')).toBe(false);
  expect(errnoName(errno())).toBe('EBADF');
});

it('a call without arguments, and one with seven, get what they were given', () => {
  expect(libcFunction<[], number>('int getpid()')()).toBe(process.pid);
  type Mmap = [number, number, number, number, number, number, number];
  const syscall = libcFunction<Mmap, number>('long syscall(long n, long a, long b, long c, long d, long e, long f)');
  // mmap(2) of a page of nothing, private and anonymous; its last argument has to be a multiple of a page.
  const mmap = (offset: number): number => syscall(9, 0, 4096, 0, 0x22, -1, offset);
  expect(mmap(1)).toBe(-1);
  expect(errnoName(errno())).toBe('EINVAL');
  expect(mmap(0)).toBeGreaterThan(0);
});

it('results keep their width: a size beyond 32 bits, an address', () => {
  const strtoll = libcFunction<[string, null, number], number>(
    'int64_t strtoll(const char *text, void *end, int base)',
  );
  expect(strtoll('123456789012345', null, 10)).toBe(123456789012345);
  expect(strtoll('-5', null, 10)).toBe(-5);
});
