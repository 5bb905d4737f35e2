import type { Fd } from '../../linux/fd.ts';
import { KVM } from './ioctls.ts';
import { readMsrs, writeMsrs } from './vcpu-state.ts';

/** IA32_TIME_STAMP_COUNTER (SDM 4 table 2-2). */
const TSC = 0x10;
/** struct kvm_clock_data (KVM API §4.29): the clock in nanoseconds, flags, then host times that are told but not taken. */
const CLOCK_WORDS = 6;

/** A guest's time as it stood when its vCPUs did. */
export interface StoppedTime {
  /** kvm-clock, nanoseconds. */
  readonly clockNs: bigint;
  /** Of each vCPU. */
  readonly tsc: readonly bigint[];
}

/** Takes down a guest's time; its vCPUs must stand still. */
export function stopTime(vm: Fd, vcpus: readonly Fd[]): StoppedTime {
  const clock = new BigUint64Array(CLOCK_WORDS);
  vm.ioctl('KVM_GET_CLOCK', KVM.GET_CLOCK, clock);
  return { clockNs: clock[0]!, tsc: vcpus.map((vcpu) => readMsrs(vcpu, [TSC])[0]?.value ?? 0n) };
}

/**
 * Lets a guest's time go on from where it stood, so that a pause is no time to the guest. KVM takes a TSC within a second
 * of the running one for an attempt to synchronize vCPUs and leaves it alone: short pauses show in the TSC.
 */
export function resumeTime(vm: Fd, vcpus: readonly Fd[], { clockNs, tsc }: StoppedTime): void {
  vcpus.forEach((vcpu, index) => {
    writeMsrs(vcpu, [{ index: TSC, value: tsc[index]! }]);
  });
  const clock = new BigUint64Array(CLOCK_WORDS);
  clock[0] = clockNs;
  vm.ioctl('KVM_SET_CLOCK', KVM.SET_CLOCK, clock);
  for (const vcpu of vcpus) tellOfPause(vcpu);
}

/** Keeps the guest's soft-lockup watchdog quiet; a guest without kvm-clock has none to tell, and KVM says EINVAL. */
function tellOfPause(vcpu: Fd): void {
  try {
    vcpu.ioctl('KVM_KVMCLOCK_CTRL', KVM.KVMCLOCK_CTRL);
  } catch {
    // No kvm-clock in this guest.
  }
}
