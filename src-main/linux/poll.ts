import { libcFunction } from './libc.ts';

const cPpoll = libcFunction<[Uint8Array, number, Uint8Array, null], number>(
  'int ppoll(void *fds, unsigned long count, const void *timeout, const void *mask)',
);

/** poll(2), Linux x86-64: struct pollfd is an int and two shorts. */
const POLLFD_BYTES = 8;
const POLLIN = 1;
const POLLERR = 0x08;
const POLLHUP = 0x10;

const fds = new Uint8Array(2 * POLLFD_BYTES);
const fdsView = new DataView(fds.buffer);
const timeout = new Uint8Array(16);
const timeoutView = new DataView(timeout.buffer);

/** Waits up to `ms` (fractions count) until one of two descriptors is readable, or a signal comes. */
export function waitForEither(first: number, second: number, ms: number): void {
  for (const [index, fd] of [first, second].entries()) {
    fdsView.setInt32(index * POLLFD_BYTES, fd, true);
    fdsView.setInt16(index * POLLFD_BYTES + 4, POLLIN, true);
  }
  timeoutView.setBigInt64(0, BigInt(Math.floor(ms / 1000)), true);
  timeoutView.setBigInt64(8, BigInt(Math.floor((ms % 1000) * 1e6)), true);
  cPpoll(fds, 2, timeout, null);
}

/** Whether both directions of a connection have ended, or it has failed, or a pipe's other end is gone. */
export function isHungUp(fd: number): boolean {
  fdsView.setInt32(0, fd, true);
  fdsView.setInt32(4, 0, true);
  timeout.fill(0);
  return cPpoll(fds, 1, timeout, null) > 0 && (fdsView.getInt16(6, true) & (POLLHUP | POLLERR)) !== 0;
}
