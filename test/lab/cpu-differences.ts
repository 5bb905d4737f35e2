import type { CpuidEntry } from '../../src-main/cpu/cpuid/cpuid-table.ts';

/** CPUID.1:ECX.OSXSAVE (SDM 2A CPUID table 3-10). */
export const OSXSAVE = 1 << 27;

/** A leaf whose answer changes while the guest runs: what is compared of it. */
interface LivingLeaf {
  readonly leaf: number;
  readonly subleaf: number;
  readonly why: string;
  steady(entry: CpuidEntry): CpuidEntry;
}

export const livingLeaves: readonly LivingLeaf[] = [
  {
    leaf: 1,
    subleaf: 0,
    why: 'OSXSAVE is CR4.OSXSAVE as the kernel left it',
    steady: (entry) => ({ ...entry, ecx: entry.ecx & ~OSXSAVE }),
  },
  {
    leaf: 0xd,
    subleaf: 0,
    why: 'EBX is the size of what XCR0 has switched on just now',
    steady: (entry) => ({ ...entry, ebx: 0 }),
  },
  {
    leaf: 0xd,
    subleaf: 1,
    why: 'EBX is the size of what XCR0 and IA32_XSS have switched on just now',
    steady: (entry) => ({ ...entry, ebx: 0 }),
  },
];

/** Beyond the last level of the topology CPUID answers with the subleaf asked for and the x2APIC id (SDM 2A CPUID 0BH). */
export function isBeyondTopology({ leaf, eax, ebx, ecx, subleaf }: CpuidEntry): boolean {
  return (leaf === 0xb || leaf === 0x1f) && eax === 0 && ebx === 0 && ecx === subleaf && subleaf > 2;
}

/** Features under the name that the kernel has for them, where it is not QEMU's with `_` for `-` and `.`. */
export const KERNEL_NAMES: Readonly<Record<string, string>> = {
  cr8legacy: 'cr8_legacy',
  'tsc-deadline': 'tsc_deadline_timer',
};

/** Flags in /proc/cpuinfo that are the kernel's own findings, not bits of CPUID (arch/x86/include/asm/cpufeatures.h, words 3, 7, 8, 11). */
export const kernelsOwnFlags: ReadonlyMap<string, string> = new Map([
  ['constant_tsc', 'by family and model'],
  ['nonstop_tsc', 'by family and model'],
  ['tsc_known_freq', 'kvm-clock tells the rate'],
  ['rep_good', 'by family and model'],
  ['nopl', 'every 64-bit processor has it'],
  ['cpuid', 'there is CPUID at all'],
  ['xtopology', 'leaf 0xb was used'],
  ['extd_apicid', 'AMD with APIC ids of eight bits'],
  ['vmmcall', 'how to call the hypervisor on AMD'],
  ['3dnowprefetch', 'AMD in long mode implies it (init_amd)'],
  ['pti', 'the mitigation of Meltdown'],
  ['cpuid_fault', 'MSR_PLATFORM_INFO, which KVM emulates'],
]);

/**
 * Flags that the kernel withdraws with XSAVE. The lab's processor does not tell its hypervisor when a guest sets XCR0,
 * so the size in leaf 0xd stays and the kernel gives XSAVE up ("XSAVE consistency problem"), under QEMU as well.
 */
export const withXsave: ReadonlySet<string> = new Set(
  'xsave xsaveopt xsavec xgetbv1 xsaves avx avx2 fma vaes vpclmulqdq pku mpx fma4 xop'.split(' '),
);
