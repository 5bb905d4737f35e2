import type { FeatureList, ModelDefinition } from './model.ts';
import { QEMU_10_0, QEMU_10_1 } from './model.ts';

const XEON: FeatureList = {
  '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
  '1.ecx': 'pni pclmulqdq ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
  '6.eax': 'arat',
  '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
  '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
  '80000008.ebx': 'wbnoinvd',
};

const XEON_VMX: FeatureList = {
  'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
  'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
  'vmx-secondary':
    'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs vmx-rdseed-exit vmx-pml vmx-xsaves',
  'vmx-ept-vpid':
    'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-eptad vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
  'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer vmx-posted-intr',
  'vmx-procbased':
    'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
  'vmx-exit':
    'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
  'vmx-entry':
    'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
  'vmx-vmfunc': 'vmx-eptp-switching',
};

const FIVE_LEVEL_EPT: FeatureList = {
  'vmx-ept-vpid': `vmx-page-walk-5 ${XEON_VMX['vmx-ept-vpid']}`,
};

const EPYC_ZEN4: FeatureList = {
  '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
  '1.ecx': 'pni pclmulqdq monitor ssse3 fma cx16 pcid sse4.1 sse4.2 movbe popcnt aes xsave avx f16c rdrand',
  '6.eax': 'arat',
  '7.0.ebx':
    'fsgsbase bmi1 avx2 smep bmi2 erms invpcid avx512f avx512dq rdseed adx smap avx512ifma clflushopt clwb avx512cd sha-ni avx512bw avx512vl',
  '7.0.ecx': 'avx512vbmi umip pku avx512vbmi2 gfni vaes vpclmulqdq avx512vnni avx512bitalg avx512-vpopcntdq la57 rdpid',
  '7.0.edx': 'fsrm',
  '7.1.eax': 'avx512-bf16',
  'd.1.eax': 'xsaveopt xsavec xgetbv1 xsaves',
  '80000001.edx': 'syscall nx mmxext fxsr-opt pdpe1gb rdtscp lm',
  '80000001.ecx': 'lahf-lm svm cr8legacy abm sse4a misalignsse 3dnowprefetch osvw topoext perfctr-core',
  '80000008.ebx': 'clzero xsaveerptr wbnoinvd ibpb ibrs amd-stibp stibp-always-on amd-ssbd amd-psfd',
  '8000000a.edx': 'npt nrip-save vnmi svme-addr-chk',
  '80000021.eax': 'no-nested-data-bp lfence-always-serializing null-sel-clr-base auto-ibrs',
};

/** Models that QEMU published after 7.2. */
export const NEWER_MODELS: readonly ModelDefinition[] = [
  {
    name: 'SapphireRapids',
    vendor: 'GenuineIntel',
    family: 6,
    model: 143,
    stepping: 4,
    level: 0x20,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Processor (SapphireRapids)',
    year: 2023,
    source: QEMU_10_0,
    features: {
      ...XEON,
      ...XEON_VMX,
      ...FIVE_LEVEL_EPT,
      '7.0.ebx':
        'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm avx512f avx512dq rdseed adx smap avx512ifma clflushopt clwb avx512cd sha-ni avx512bw avx512vl',
      '7.0.ecx':
        'avx512vbmi umip pku avx512vbmi2 gfni vaes vpclmulqdq avx512vnni avx512bitalg avx512-vpopcntdq la57 rdpid bus-lock-detect',
      '7.0.edx': 'fsrm serialize tsx-ldtrk amx-bf16 avx512-fp16 amx-tile amx-int8 spec-ctrl arch-capabilities ssbd',
      '7.1.eax': 'avx-vnni avx512-bf16 fzrm fsrs fsrc',
      'd.1.eax': 'xsaveopt xsavec xgetbv1 xsaves xfd',
      'arch-capabilities': 'rdctl-no ibrs-all skip-l1dfl-vmentry mds-no pschange-mc-no taa-no',
    },
    versions: [
      { version: 2, add: 'sbdr-ssdp-no fbsdp-no psdp-no' },
      { version: 3, add: 'ss tsc-adjust cldemote movdiri movdir64b' },
    ],
  },
  {
    name: 'GraniteRapids',
    vendor: 'GenuineIntel',
    family: 6,
    model: 173,
    stepping: 0,
    level: 0x20,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Processor (GraniteRapids)',
    year: 2024,
    source: QEMU_10_0,
    features: {
      ...XEON,
      ...XEON_VMX,
      ...FIVE_LEVEL_EPT,
      '7.0.ebx':
        'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm avx512f avx512dq rdseed adx smap avx512ifma clflushopt clwb avx512cd sha-ni avx512bw avx512vl',
      '7.0.ecx':
        'avx512vbmi umip pku avx512vbmi2 gfni vaes vpclmulqdq avx512vnni avx512bitalg avx512-vpopcntdq la57 rdpid bus-lock-detect',
      '7.0.edx': 'fsrm serialize tsx-ldtrk amx-bf16 avx512-fp16 amx-tile amx-int8 spec-ctrl arch-capabilities ssbd',
      '7.1.eax': 'avx-vnni avx512-bf16 fzrm fsrs fsrc amx-fp16',
      '7.1.edx': 'prefetchiti',
      '7.2.edx': 'mcdt-no',
      'd.1.eax': 'xsaveopt xsavec xgetbv1 xsaves xfd',
      'arch-capabilities':
        'rdctl-no ibrs-all skip-l1dfl-vmentry mds-no pschange-mc-no taa-no sbdr-ssdp-no fbsdp-no psdp-no pbrsb-no',
    },
    versions: [
      {
        version: 2,
        stepping: 1,
        avx10Version: 1,
        add: 'ss tsc-adjust cldemote movdiri movdir64b avx10 avx10-128 avx10-256 avx10-512',
      },
    ],
  },
  {
    name: 'SierraForest',
    vendor: 'GenuineIntel',
    family: 6,
    model: 175,
    stepping: 0,
    level: 0x23,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Processor (SierraForest)',
    year: 2024,
    source: QEMU_10_0,
    features: {
      ...XEON,
      ...XEON_VMX,
      '7.0.ebx': 'fsgsbase bmi1 avx2 smep bmi2 erms invpcid rdseed adx smap clflushopt clwb sha-ni',
      '7.0.ecx': 'umip pku gfni vaes vpclmulqdq rdpid bus-lock-detect',
      '7.0.edx': 'fsrm serialize spec-ctrl arch-capabilities ssbd',
      '7.1.eax': 'avx-vnni cmpccxadd fsrs avx-ifma',
      '7.1.edx': 'avx-vnni-int8 avx-ne-convert',
      '7.2.edx': 'mcdt-no',
      'd.1.eax': 'xsaveopt xsavec xgetbv1 xsaves',
      'arch-capabilities':
        'rdctl-no ibrs-all skip-l1dfl-vmentry mds-no pschange-mc-no sbdr-ssdp-no fbsdp-no psdp-no pbrsb-no',
    },
    versions: [
      {
        version: 2,
        stepping: 3,
        add: 'ss tsc-adjust cldemote movdiri movdir64b gds-no rfds-no lam intel-psfd ipred-ctrl rrsba-ctrl bhi-ctrl',
      },
    ],
  },
  {
    name: 'ClearwaterForest',
    vendor: 'GenuineIntel',
    family: 6,
    model: 221,
    stepping: 0,
    level: 0x23,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Processor (ClearwaterForest)',
    year: 2026,
    source: QEMU_10_0,
    features: {
      ...XEON,
      ...XEON_VMX,
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ss',
      '7.0.ebx': 'fsgsbase tsc-adjust bmi1 avx2 smep bmi2 erms invpcid rdseed adx smap clflushopt clwb sha-ni',
      '7.0.ecx': 'umip pku gfni vaes vpclmulqdq rdpid bus-lock-detect cldemote movdiri movdir64b',
      '7.0.edx': 'fsrm serialize spec-ctrl arch-capabilities ssbd',
      '7.1.eax': 'sha512 sm3 sm4 avx-vnni cmpccxadd fsrs avx-ifma lam',
      '7.1.edx': 'avx-vnni-int8 avx-ne-convert avx-vnni-int16 prefetchiti',
      '7.2.edx': 'intel-psfd ipred-ctrl rrsba-ctrl ddpd-u bhi-ctrl mcdt-no',
      'd.1.eax': 'xsaveopt xsavec xgetbv1 xsaves',
      'arch-capabilities':
        'rdctl-no ibrs-all skip-l1dfl-vmentry mds-no pschange-mc-no sbdr-ssdp-no fbsdp-no psdp-no bhi-no pbrsb-no gds-no rfds-no',
    },
  },
  {
    name: 'EPYC-Genoa',
    vendor: 'AuthenticAMD',
    family: 25,
    model: 17,
    stepping: 0,
    level: 0xd,
    xlevel: 0x8000_0022,
    modelId: 'AMD EPYC-Genoa Processor',
    year: 2022,
    source: QEMU_10_0,
    features: EPYC_ZEN4,
    caches: 'epyc-genoa',
  },
  {
    name: 'EPYC-Turin',
    vendor: 'AuthenticAMD',
    family: 26,
    model: 0,
    stepping: 0,
    level: 0xd,
    xlevel: 0x8000_0022,
    modelId: 'AMD EPYC-Turin Processor',
    year: 2024,
    source: QEMU_10_1,
    features: {
      ...EPYC_ZEN4,
      '7.0.ecx': `${EPYC_ZEN4['7.0.ecx']} movdiri movdir64b`,
      '7.0.edx': 'fsrm avx512-vp2intersect',
      '7.1.eax': 'avx-vnni avx512-bf16',
      '80000007.ebx': 'overflow-recov succor',
      '8000000a.edx':
        'npt lbrv nrip-save tsc-scale vmcb-clean flushbyasid pause-filter pfthreshold v-vmsave-vmload vgif vnmi svme-addr-chk',
      '80000021.eax':
        'no-nested-data-bp fs-gs-base-ns lfence-always-serializing null-sel-clr-base auto-ibrs prefetchi sbpb ibpb-brtype srso-user-kernel-no',
      '80000022.eax': 'perfmon-v2',
    },
    caches: 'epyc-turin',
  },
  {
    name: 'YongFeng',
    vendor: '  Shanghai  ',
    family: 7,
    model: 11,
    stepping: 3,
    level: 0x1f,
    xlevel: 0x8000_0008,
    modelId: 'Zhaoxin YongFeng Processor',
    year: 2022,
    source: QEMU_10_0,
    features: {
      ...XEON_VMX,
      '1.edx':
        'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush acpi mmx fxsr sse sse2 ss',
      '1.ecx':
        'pni pclmulqdq monitor ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '7.0.ebx': 'fsgsbase bmi1 avx2 smep bmi2 invpcid rdseed adx smap sha-ni',
      '7.0.ecx': 'umip pku rdpid',
      '7.0.edx': 'spec-ctrl arch-capabilities',
      'd.1.eax': 'xsaveopt',
      '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
      '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
      '80000007.edx': 'invtsc',
      'c0000001.edx': 'xstore xstore-en xcrypt xcrypt-en ace2 phe phe-en pmm pmm-en',
      'arch-capabilities': 'rdctl-no skip-l1dfl-vmentry ssb-no mds-no pschange-mc-no',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs vmx-pml',
    },
  },
];
