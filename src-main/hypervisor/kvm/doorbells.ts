import type { Arena } from '../../base/shared-struct.ts';
import { EventFd } from '../../linux/event-fd.ts';
import { rawIoctl } from '../../linux/fd.ts';
import { addressOf, errno, errnoName, SystemCallFailure } from '../../linux/libc.ts';
import { type Doorbells, IO, IoSignals } from '../../vmm/interrupts/doorbells.ts';
import { PCI_WINDOW_END, PCI_WINDOW_START } from '../../vmm/layout.ts';
import { KVM } from './ioctls.ts';

/** The eventfds of one machine's doorbells, by number. Cloneable. */
export interface DoorbellSeed {
  /** Readable when the serving thread should look at `IoSignals`. */
  readonly control: number;
  /** Per device, per queue. */
  readonly queues: readonly (readonly number[])[];
}

/** struct kvm_ioeventfd (KVM API §4.59): datamatch, addr, len, fd, flags. A length of 0 takes writes of any size. */
const IOEVENTFD_BYTES = 64;
const DEASSIGN = 1 << 2;

/** Doorbells that the kernel itself rings, on a guest's write, without an exit to us. Any thread. */
export function kvmDoorbells(vmFd: number, arena: Arena, seed: DoorbellSeed): Doorbells {
  const { words } = arena.place(IoSignals, 'io-signals');
  const control = new EventFd(seed.control, 'I/O thread');
  const bells = seed.queues.map((queues) => queues.map((fd) => new EventFd(fd, 'doorbell')));
  const request = new Uint8Array(IOEVENTFD_BYTES);
  const view = new DataView(request.buffer);
  const address = addressOf(request);

  const place = (fd: number, gpa: number, flags: number): void => {
    view.setBigUint64(8, BigInt(gpa), true);
    view.setUint32(16, 0, true);
    view.setInt32(20, fd, true);
    view.setUint32(24, flags, true);
    if (rawIoctl(vmFd, KVM.IOEVENTFD, address) >= 0) return;
    const code = errno();
    // A guest may lay one function's BAR over another's: the first keeps the address, and only that guest is the worse for it.
    if (errnoName(code) !== 'EEXIST' && errnoName(code) !== 'ENOENT')
      throw new SystemCallFailure('KVM_IOEVENTFD', code, 'doorbell');
  };
  const inWindow = (gpa: number): boolean => gpa >= PCI_WINDOW_START && gpa < PCI_WINDOW_END;

  return {
    notify: (device, queue) => bells[device]?.[queue]?.signal(),
    changed: (device) => {
      Atomics.or(words, IO.changed, 1 << device);
      control.signal();
    },
    move: (device, queue, before, gpa) => {
      const fd = seed.queues[device]?.[queue];
      if (fd === undefined) return;
      if (inWindow(before)) place(fd, before, DEASSIGN);
      if (inWindow(gpa)) place(fd, gpa, 0);
    },
  };
}
