import { readFileSync } from 'node:fs';
import { Failure } from '../../base/failure.ts';
import { Fd, O, whyNotOpen } from '../../linux/fd.ts';
import type { Verdict, VmOptions } from '../hypervisor.ts';
import { CAP, KVM, KVM_API_VERSION } from './ioctls.ts';
import { KvmVm } from './kvm-vm.ts';
import { runProbeGuest } from './probe-guest.ts';

const DEVICE = '/dev/kvm';

/** KVM features this machine is built on, with the words for when one is missing. */
const required: readonly (readonly [number, string])[] = [
  [CAP.IRQCHIP, 'an in-kernel interrupt chip'],
  [CAP.USER_MEMORY, 'user memory slots'],
  [CAP.PIT2, 'an in-kernel PIT'],
  [CAP.EXT_CPUID, 'extended CPUID'],
  [CAP.IOEVENTFD, 'ioeventfd'],
  [CAP.IOEVENTFD_ANY_LENGTH, 'ioeventfd for writes of any size (Linux 4.4)'],
  [CAP.SIGNAL_MSI, 'message signalled interrupts'],
  [CAP.IMMEDIATE_EXIT, 'immediate exit (Linux 4.13)'],
];

/** The accelerator that runs guests on the processor itself, through /dev/kvm. */
export const kvmHypervisor = {
  /** Whether this host's KVM runs ordinary guests: the device opens, and there is hardware virtualization behind it. */
  probe(): Verdict {
    const closed = whyNotOpen(DEVICE, O.RDWR);
    if (closed !== undefined) return unusable(false, ...whyClosed(closed));
    const kvm = Fd.open(DEVICE, O.RDWR);
    try {
      const lacking = missingCapability(kvm);
      if (lacking) return unusable(false, `KVM is there but lacks ${lacking}`, 'use a newer kernel');
      const maxVcpus = kvm.ioctl('KVM_CHECK_EXTENSION', KVM.CHECK_EXTENSION, CAP.MAX_VCPUS);
      const hardware = hardwareVirtualization();
      if (hardware)
        return { accelerator: 'kvm', usable: true, present: true, detail: `KVM with ${hardware}`, maxVcpus };
      const failed = runProbeGuest(kvm);
      if (failed === undefined) return { accelerator: 'kvm', usable: true, present: true, detail: 'KVM', maxVcpus };
      return unusable(
        true,
        `KVM is there, but without hardware virtualization (no vmx or svm): ordinary guests cannot run on it (${failed})`,
        'turn on virtualization in the firmware set-up, or nested virtualization where this computer is itself a virtual machine',
      );
    } finally {
      kvm.dispose();
    }
  },

  /** Makes a machine; throws a `Failure` of class `host` where KVM is missing, closed to us, or out of something. */
  createVm(options: VmOptions): KvmVm {
    const closed = whyNotOpen(DEVICE, O.RDWR);
    if (closed !== undefined) {
      const [detail, hint] = whyClosed(closed);
      throw new Failure('host', 'kvm-unavailable', `accelerator kvm: ${detail}`, hint === undefined ? {} : { hint });
    }
    const kvm = Fd.open(DEVICE, O.RDWR);
    try {
      return KvmVm.create(kvm, options);
    } finally {
      kvm.dispose();
    }
  },
};

function unusable(present: boolean, detail: string, hint?: string): Verdict {
  const verdict = { accelerator: 'kvm', usable: false, present, detail, maxVcpus: 0 } as const;
  return hint === undefined ? verdict : { ...verdict, hint };
}

function whyClosed(errnoName: string): [detail: string, hint?: string] {
  if (errnoName === 'ENOENT') {
    return [
      `there is no ${DEVICE}`,
      'load the kvm_intel or kvm_amd module, or turn on virtualization in the firmware set-up',
    ];
  }
  if (errnoName === 'EACCES' || errnoName === 'EPERM') {
    return [`no permission to open ${DEVICE}`, 'join its group: sudo usermod -aG kvm $USER, then log in again'];
  }
  return [`${DEVICE} does not open (${errnoName})`];
}

function missingCapability(kvm: Fd): string | undefined {
  if (kvm.ioctl('KVM_GET_API_VERSION', KVM.GET_API_VERSION) !== KVM_API_VERSION)
    return `API version ${KVM_API_VERSION}`;
  return required.find(([cap]) => kvm.ioctl('KVM_CHECK_EXTENSION', KVM.CHECK_EXTENSION, cap) <= 0)?.[1];
}

/** The processor's own virtualization, by the flags Linux shows. */
function hardwareVirtualization(): string | undefined {
  const flags = / (vmx|svm)\b/.exec(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '');
  if (!flags) return undefined;
  return flags[1] === 'vmx' ? 'Intel VT-x' : 'AMD-V';
}
