import { Fd, O } from './fd.ts';
import { checked, libcFunction } from './libc.ts';

const cIoctl = libcFunction<[number, number, number], number>(
  'int ioctl(int fd, unsigned long request, unsigned long argument)',
);
const cIoctlOn = libcFunction<[number, number, ArrayBufferView], number>(
  'int ioctl(int fd, unsigned long request, void *structure)',
);

/** asm-generic/ioctls.h. */
const TIOCSCTTY = 0x540e;
const TIOCSWINSZ = 0x5414;
const TIOCSPTLCK = 0x4004_5431;
const TIOCGPTN = 0x8004_5430;
const TIOCGPTPEER = 0x5441;
const NOCTTY = 0o400;

/** A pseudo-terminal (pty(7)). The slave is reached from the master, never through a path somebody may have changed. */
export interface PseudoTerminal {
  readonly master: number;
  readonly slave: number;
  /** N of /dev/pts/N, in the devpts the master is from. */
  readonly number: number;
}

/** `multiplexer` is a ptmx of the devpts wanted, as `/dev/pts/ptmx`. */
export function openPseudoTerminal(multiplexer: string): PseudoTerminal {
  const master = Fd.open(multiplexer, O.RDWR | NOCTTY).number;
  checked(cIoctlOn(master, TIOCSPTLCK, new Int32Array([0])), 'TIOCSPTLCK', multiplexer);
  const slave = checked(cIoctl(master, TIOCGPTPEER, O.RDWR | O.CLOEXEC | NOCTTY), 'TIOCGPTPEER', multiplexer);
  const number = new Uint32Array(1);
  checked(cIoctlOn(master, TIOCGPTN, number), 'TIOCGPTN', multiplexer);
  return { master, slave, number: number[0]! };
}

/** Makes the terminal the controlling one of this session, which has none. */
export function takeTerminal(fd: number): void {
  checked(cIoctl(fd, TIOCSCTTY, 0), 'TIOCSCTTY', 'terminal');
}

export function resizeTerminal(fd: number, columns: number, rows: number): void {
  checked(cIoctlOn(fd, TIOCSWINSZ, new Uint16Array([rows, columns, 0, 0])), 'TIOCSWINSZ', 'terminal');
}
