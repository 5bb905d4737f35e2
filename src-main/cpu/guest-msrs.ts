import type { ExpandedCpu } from './expand.ts';
import { wordValue } from './features/feature-table.ts';
import type { MsrValue } from './host-cpuid.ts';

const IA32_BIOS_SIGN_ID = 0x8b;
const IA32_CORE_CAPABILITIES = 0xcf;
const IA32_ARCH_CAPABILITIES = 0x10a;
const IA32_MISC_ENABLE = 0x1a0;
const IA32_PERF_CAPABILITIES = 0x345;

/** Fast strings on; MONITOR and MWAIT on where CPUID tells of them (SDM 4 table 2-2, 1A0H). */
const FAST_STRINGS = 1n << 0n;
const MONITOR_ENABLED = 1n << 18n;

/** Microcode revisions that guests accept as patched: KVM's own defaults (Linux arch/x86/kvm, svm.c and vmx.c). */
const MICROCODE = { amd: 0x0100_0065n, other: 1n << 32n } as const;

/** MSRs that belong to a vCPU's CPUID, to be written after it. What is not listed keeps KVM's value. */
export function guestMsrs(cpu: ExpandedCpu, features: ReadonlySet<string>): MsrValue[] {
  const msrs: MsrValue[] = [
    { index: IA32_BIOS_SIGN_ID, value: cpu.vendor === 'AuthenticAMD' ? MICROCODE.amd : MICROCODE.other },
    { index: IA32_MISC_ENABLE, value: FAST_STRINGS | (features.has('monitor') ? MONITOR_ENABLED : 0n) },
  ];
  if (features.has('arch-capabilities')) {
    msrs.push({ index: IA32_ARCH_CAPABILITIES, value: wordValue('arch-capabilities', features) });
  }
  if (features.has('core-capability')) {
    msrs.push({ index: IA32_CORE_CAPABILITIES, value: wordValue('core-capabilities', features) });
  }
  if (features.has('pdcm')) {
    msrs.push({ index: IA32_PERF_CAPABILITIES, value: wordValue('perf-capabilities', features) });
  }
  return msrs;
}
