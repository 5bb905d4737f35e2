export type CpuidRegister = 'eax' | 'ebx' | 'ecx' | 'edx';

/** Where a group of 32 (CPUID) or 64 (MSR) feature bits lives, and which document describes it. */
export type FeatureWord =
  | {
      readonly kind: 'cpuid';
      readonly leaf: number;
      /** Undefined where the leaf has no subleaves. */
      readonly subleaf?: number;
      readonly register: CpuidRegister;
      readonly source: string;
    }
  | { readonly kind: 'msr'; readonly index: number; readonly register: string; readonly source: string };

/**
 * Every word of feature bits, by the short name it has in model tables. CPUID words are named leaf[.subleaf].register in
 * hexadecimal. Sources: Intel SDM (December 2023), AMD APM 3 (rev. 3.36), Linux Documentation/virt/kvm/x86/cpuid.rst.
 */
export const FEATURE_WORDS = {
  '1.edx': cpuid(1, undefined, 'edx', 'SDM 2A CPUID table 3-11; APM 3 E.3.2'),
  '1.ecx': cpuid(1, undefined, 'ecx', 'SDM 2A CPUID table 3-10; APM 3 E.3.2'),
  '6.eax': cpuid(6, undefined, 'eax', 'SDM 2A CPUID leaf 06H; APM 3 E.3.5'),
  '7.0.ebx': cpuid(7, 0, 'ebx', 'SDM 2A CPUID leaf 07H; APM 3 E.3.6'),
  '7.0.ecx': cpuid(7, 0, 'ecx', 'SDM 2A CPUID leaf 07H; APM 3 E.3.6'),
  '7.0.edx': cpuid(7, 0, 'edx', 'SDM 2A CPUID leaf 07H; APM 3 E.3.6'),
  '7.1.eax': cpuid(7, 1, 'eax', 'SDM 2A CPUID leaf 07H subleaf 1'),
  '7.1.edx': cpuid(7, 1, 'edx', 'SDM 2A CPUID leaf 07H subleaf 1'),
  '7.2.edx': cpuid(7, 2, 'edx', 'SDM 2A CPUID leaf 07H subleaf 2'),
  'd.1.eax': cpuid(0xd, 1, 'eax', 'SDM 2A CPUID leaf 0DH subleaf 1; APM 3 E.3.8'),
  '12.0.eax': cpuid(0x12, 0, 'eax', 'SDM 2A CPUID leaf 12H subleaf 0'),
  '12.0.ebx': cpuid(0x12, 0, 'ebx', 'SDM 2A CPUID leaf 12H subleaf 0'),
  '12.1.eax': cpuid(0x12, 1, 'eax', 'SDM 2A CPUID leaf 12H subleaf 1'),
  '14.0.ecx': cpuid(0x14, 0, 'ecx', 'SDM 2A CPUID leaf 14H subleaf 0'),
  '24.0.ebx': cpuid(0x24, 0, 'ebx', 'Intel AVX10.1 Architecture Specification (355989) §2.2'),
  '40000001.eax': cpuid(0x4000_0001, undefined, 'eax', 'Linux kvm/x86/cpuid.rst, KVM_CPUID_FEATURES'),
  '40000001.edx': cpuid(0x4000_0001, undefined, 'edx', 'Linux kvm/x86/cpuid.rst, KVM_CPUID_FEATURES hints'),
  '80000001.edx': cpuid(0x8000_0001, undefined, 'edx', 'APM 3 E.4.2; SDM 2A CPUID leaf 80000001H'),
  '80000001.ecx': cpuid(0x8000_0001, undefined, 'ecx', 'APM 3 E.4.2; SDM 2A CPUID leaf 80000001H'),
  '80000007.ebx': cpuid(0x8000_0007, undefined, 'ebx', 'APM 3 E.4.6'),
  '80000007.edx': cpuid(0x8000_0007, undefined, 'edx', 'APM 3 E.4.6; SDM 2A CPUID leaf 80000007H'),
  '80000008.ebx': cpuid(0x8000_0008, undefined, 'ebx', 'APM 3 E.4.7'),
  '8000000a.edx': cpuid(0x8000_000a, undefined, 'edx', 'APM 3 E.4.9'),
  '80000021.eax': cpuid(0x8000_0021, undefined, 'eax', 'APM 3 E.4.21'),
  '80000022.eax': cpuid(0x8000_0022, undefined, 'eax', 'APM 3 E.4.22'),
  'c0000001.edx': cpuid(0xc000_0001, undefined, 'edx', 'VIA PadLock Programming Guide §2'),
  'arch-capabilities': msr(0x10a, 'IA32_ARCH_CAPABILITIES', 'SDM 4 table 2-2'),
  'core-capabilities': msr(0xcf, 'IA32_CORE_CAPABILITIES', 'SDM 4 table 2-2'),
  'perf-capabilities': msr(0x345, 'IA32_PERF_CAPABILITIES', 'SDM 4 table 2-2'),
  'vmx-basic': msr(0x480, 'IA32_VMX_BASIC', 'SDM 3D A.1'),
  'vmx-misc': msr(0x485, 'IA32_VMX_MISC', 'SDM 3D A.6'),
  'vmx-secondary': msr(0x48b, 'IA32_VMX_PROCBASED_CTLS2', 'SDM 3C table 25-7, 3D A.3.3'),
  'vmx-ept-vpid': msr(0x48c, 'IA32_VMX_EPT_VPID_CAP', 'SDM 3D A.10'),
  'vmx-pinbased': msr(0x48d, 'IA32_VMX_TRUE_PINBASED_CTLS', 'SDM 3C table 25-5, 3D A.3.1'),
  'vmx-procbased': msr(0x48e, 'IA32_VMX_TRUE_PROCBASED_CTLS', 'SDM 3C table 25-6, 3D A.3.2'),
  'vmx-exit': msr(0x48f, 'IA32_VMX_TRUE_EXIT_CTLS', 'SDM 3C table 25-13, 3D A.4.1'),
  'vmx-entry': msr(0x490, 'IA32_VMX_TRUE_ENTRY_CTLS', 'SDM 3C table 25-15, 3D A.5'),
  'vmx-vmfunc': msr(0x491, 'IA32_VMX_VMFUNC', 'SDM 3D A.11'),
} as const satisfies Record<string, FeatureWord>;

export type FeatureWordName = keyof typeof FEATURE_WORDS;

function cpuid(leaf: number, subleaf: number | undefined, register: CpuidRegister, source: string): FeatureWord {
  return { kind: 'cpuid', leaf, ...(subleaf === undefined ? {} : { subleaf }), register, source };
}

function msr(index: number, register: string, source: string): FeatureWord {
  return { kind: 'msr', index, register, source };
}
