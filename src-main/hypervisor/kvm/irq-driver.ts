import { rawIoctl } from '../../linux/fd.ts';
import { addressOf, errno, SystemCallFailure } from '../../linux/libc.ts';
import { KVM } from './ioctls.ts';

/** Drives GSIs of the machine behind `vmFd` from a thread that only has its number. */
export function kvmIrqDriver(vmFd: number): (gsi: number, level: boolean) => void {
  const irqLevel = new Uint32Array(2);
  const address = addressOf(irqLevel);
  return (gsi, level) => {
    irqLevel[0] = gsi;
    irqLevel[1] = level ? 1 : 0;
    if (rawIoctl(vmFd, KVM.IRQ_LINE, address) < 0) throw new SystemCallFailure('KVM_IRQ_LINE', errno(), `GSI ${gsi}`);
  };
}
