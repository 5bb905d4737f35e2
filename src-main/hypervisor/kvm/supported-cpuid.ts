import { readFileSync } from 'node:fs';
import type { CpuidEntry } from '../../cpu/cpuid/cpuid-table.ts';
import type { HostCpu, MsrValue } from '../../cpu/host-cpuid.ts';
import { Fd, O } from '../../linux/fd.ts';
import { CAP, KVM } from './ioctls.ts';

/** struct kvm_cpuid2: nent, padding; then entries of ten words: function, index, flags, eax, ebx, ecx, edx, padding×3. */
export const CPUID2_HEADER_WORDS = 2;
export const CPUID2_ENTRY_WORDS = 10;
const MAX_ENTRIES = 256;

/** MSRs that hold CPU features (KVM API §4.3, KVM_GET_MSR_FEATURE_INDEX_LIST), beside VMX's own. */
const FEATURE_MSRS = [0x8b, 0xcf, 0x10a, 0x345, ...Array.from({ length: 0x12 }, (_, i) => 0x480 + i)];

/** This host as the CPU models see it. Throws the open's or the ioctl's `Failure`. */
export function hostCpu(): HostCpu {
  const cpuinfo = readFileSync('/proc/cpuinfo', 'utf8');
  return withKvm((kvm) => ({
    supported: readSupported(kvm),
    featureMsrs: FEATURE_MSRS.flatMap((index) => readFeatureMsr(kvm, index)),
    tscDeadline: kvm.ioctl('KVM_CHECK_EXTENSION', KVM.CHECK_EXTENSION, CAP.TSC_DEADLINE_TIMER) > 0,
    hardwareVirtualization: /^flags\s*:.* (vmx|svm)\b/m.test(cpuinfo),
    name: /^model name\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '',
  }));
}

function withKvm<T>(read: (kvm: Fd) => T): T {
  const kvm = Fd.open('/dev/kvm', O.RDWR);
  try {
    return read(kvm);
  } finally {
    kvm.dispose();
  }
}

/** KVM_GET_SUPPORTED_CPUID through an open /dev/kvm. */
export function readSupported(kvm: Fd): CpuidEntry[] {
  const table = new Uint32Array(CPUID2_HEADER_WORDS + MAX_ENTRIES * CPUID2_ENTRY_WORDS);
  table[0] = MAX_ENTRIES;
  kvm.ioctl('KVM_GET_SUPPORTED_CPUID', KVM.GET_SUPPORTED_CPUID, table);
  return Array.from({ length: table[0] }, (_, i) => {
    const at = CPUID2_HEADER_WORDS + i * CPUID2_ENTRY_WORDS;
    const [leaf = 0, subleaf = 0, , eax = 0, ebx = 0, ecx = 0, edx = 0] = table.subarray(at, at + CPUID2_ENTRY_WORDS);
    return { leaf, subleaf, eax, ebx, ecx, edx };
  });
}

/** struct kvm_msrs with one entry: nmsrs, padding, index, reserved, data (KVM API §4.18). Answers how many it read. */
function readFeatureMsr(kvm: Fd, index: number): MsrValue[] {
  const words = new BigUint64Array([1n, BigInt(index), 0n]);
  try {
    return kvm.ioctl('KVM_GET_MSRS', KVM.GET_MSRS, words) === 1 ? [{ index, value: words[2]! }] : [];
  } catch {
    // A kernel that has no such feature MSR fails the call instead of reading none.
    return [];
  }
}
