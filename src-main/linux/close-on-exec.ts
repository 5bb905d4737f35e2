import { libcFunction } from './libc.ts';

const cCloseRange = libcFunction<[number, number, number], number>(
  'int close_range(unsigned int first, unsigned int last, int flags)',
);

/** close_range(2), Linux 5.11: marks instead of closing. */
const CLOSE_RANGE_CLOEXEC = 4;

/**
 * Marks every file descriptor above standard error close-on-exec, so that a program started from here gets only what
 * it is given. On a kernel without close_range(2) this does nothing.
 */
export function keepDescriptorsFromChildren(): void {
  cCloseRange(3, 0xffff_ffff, CLOSE_RANGE_CLOEXEC);
}
