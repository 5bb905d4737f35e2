import { rawIoctl } from '../../linux/fd.ts';
import { addressOf } from '../../linux/libc.ts';
import { KVM } from './ioctls.ts';

/** struct kvm_msi (KVM API §4.70): address_lo, address_hi, data, flags, devid, padding. */
const MSI_BYTES = 32;

/**
 * Delivers MSIs of the machine behind `vmFd`, from any thread. One ioctl, as a write to an irqfd is one call; and no
 * routing table has to follow what the guest writes into its MSI-X tables. A message no LAPIC takes fails, and is lost as
 * on a PC.
 */
export function kvmMessagePin(vmFd: number): (addressLow: number, addressHigh: number, data: number) => void {
  const message = new Uint32Array(MSI_BYTES / 4);
  const address = addressOf(message);
  return (addressLow, addressHigh, data) => {
    message[0] = addressLow;
    message[1] = addressHigh;
    message[2] = data;
    rawIoctl(vmFd, KVM.SIGNAL_MSI, address);
  };
}
