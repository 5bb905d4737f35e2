import { type ModelDefinition, QEMU_7_2, QEMU_10_0 } from './model.ts';

/** Intel's processors, oldest first. */
export const INTEL_MODELS: readonly ModelDefinition[] = [
  {
    name: 'n270',
    vendor: 'GenuineIntel',
    family: 6,
    model: 28,
    stepping: 2,
    level: 0xa,
    xlevel: 0x8000_0008,
    modelId: 'Intel(R) Atom(TM) CPU N270   @ 1.60GHz',
    year: 2008,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat clflush acpi mmx fxsr sse sse2 ss',
      '1.ecx': 'pni monitor ssse3 movbe',
      '80000001.edx': 'nx',
      '80000001.ecx': 'lahf-lm',
    },
  },
  {
    name: 'coreduo',
    vendor: 'GenuineIntel',
    family: 6,
    model: 14,
    stepping: 8,
    level: 0xa,
    xlevel: 0x8000_0008,
    modelId: 'Genuine Intel(R) CPU           T2600  @ 2.16GHz',
    year: 2006,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat clflush acpi mmx fxsr sse sse2 ss',
      '1.ecx': 'pni monitor',
      '80000001.edx': 'nx',
      'vmx-misc': 'vmx-activity-hlt',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit',
      'vmx-exit': 'vmx-exit-ack-intr',
    },
  },
  {
    name: 'core2duo',
    vendor: 'GenuineIntel',
    family: 6,
    model: 15,
    stepping: 11,
    level: 0xa,
    xlevel: 0x8000_0008,
    modelId: 'Intel(R) Core(TM)2 Duo CPU     T7700  @ 2.40GHz',
    year: 2006,
    source: QEMU_7_2,
    features: {
      '1.edx':
        'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush acpi mmx fxsr sse sse2 ss',
      '1.ecx': 'pni monitor ssse3 cx16',
      '80000001.edx': 'syscall nx lm',
      '80000001.ecx': 'lahf-lm',
      'vmx-basic': 'vmx-ins-outs',
      'vmx-misc': 'vmx-activity-hlt',
      'vmx-secondary': 'vmx-apicv-xapic',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit': 'vmx-exit-ack-intr',
      'vmx-entry': 'vmx-entry-ia32e-mode',
    },
  },
  {
    name: 'Conroe',
    vendor: 'GenuineIntel',
    family: 6,
    model: 15,
    stepping: 3,
    level: 0xa,
    xlevel: 0x8000_0008,
    modelId: 'Intel Celeron_4x0 (Conroe/Merom Class Core 2)',
    year: 2006,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx': 'pni ssse3',
      '80000001.edx': 'syscall nx lm',
      '80000001.ecx': 'lahf-lm',
      'vmx-basic': 'vmx-ins-outs',
      'vmx-misc': 'vmx-activity-hlt',
      'vmx-secondary': 'vmx-apicv-xapic',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit': 'vmx-exit-ack-intr',
      'vmx-entry': 'vmx-entry-ia32e-mode',
    },
  },
  {
    name: 'Penryn',
    vendor: 'GenuineIntel',
    family: 6,
    model: 23,
    stepping: 3,
    level: 0xa,
    xlevel: 0x8000_0008,
    modelId: 'Intel Core 2 Duo P9xxx (Penryn Class Core 2)',
    year: 2007,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx': 'pni ssse3 cx16 sse4.1',
      '80000001.edx': 'syscall nx lm',
      '80000001.ecx': 'lahf-lm',
      'vmx-basic': 'vmx-ins-outs',
      'vmx-misc': 'vmx-activity-hlt',
      'vmx-secondary': 'vmx-apicv-xapic vmx-wbinvd-exit',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit': 'vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr',
      'vmx-entry': 'vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl',
    },
  },
  {
    name: 'Nehalem',
    vendor: 'GenuineIntel',
    family: 6,
    model: 26,
    stepping: 3,
    level: 0xb,
    xlevel: 0x8000_0008,
    modelId: 'Intel Core i7 9xx (Nehalem Class Core i7)',
    year: 2008,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx': 'pni ssse3 cx16 sse4.1 sse4.2 popcnt',
      '80000001.edx': 'syscall nx lm',
      '80000001.ecx': 'lahf-lm',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-activity-hlt',
      'vmx-secondary': 'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit',
      'vmx-ept-vpid':
        'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit':
        'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
      'vmx-entry':
        'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
    },
    versions: [
      {
        version: 2,
        alias: 'Nehalem-IBRS',
        modelId: 'Intel Core i7 9xx (Nehalem Core i7, IBRS update)',
        add: 'spec-ctrl',
      },
    ],
  },
  {
    name: 'Westmere',
    vendor: 'GenuineIntel',
    family: 6,
    model: 44,
    stepping: 1,
    level: 0xb,
    xlevel: 0x8000_0008,
    modelId: 'Westmere E56xx/L56xx/X56xx (Nehalem-C)',
    year: 2010,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx': 'pni pclmulqdq ssse3 cx16 sse4.1 sse4.2 popcnt aes',
      '6.eax': 'arat',
      '80000001.edx': 'syscall nx lm',
      '80000001.ecx': 'lahf-lm',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest',
      'vmx-ept-vpid':
        'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit':
        'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
      'vmx-entry':
        'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
    },
    versions: [
      { version: 2, alias: 'Westmere-IBRS', modelId: 'Westmere E56xx/L56xx/X56xx (IBRS update)', add: 'spec-ctrl' },
    ],
  },
  {
    name: 'SandyBridge',
    vendor: 'GenuineIntel',
    family: 6,
    model: 42,
    stepping: 1,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon E312xx (Sandy Bridge)',
    year: 2011,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx': 'pni pclmulqdq ssse3 cx16 sse4.1 sse4.2 x2apic popcnt tsc-deadline aes xsave avx',
      '6.eax': 'arat',
      'd.1.eax': 'xsaveopt',
      '80000001.edx': 'syscall nx rdtscp lm',
      '80000001.ecx': 'lahf-lm',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest',
      'vmx-ept-vpid':
        'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit':
        'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
      'vmx-entry':
        'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
    },
    versions: [
      {
        version: 2,
        alias: 'SandyBridge-IBRS',
        modelId: 'Intel Xeon E312xx (Sandy Bridge, IBRS update)',
        add: 'spec-ctrl',
      },
    ],
  },
  {
    name: 'IvyBridge',
    vendor: 'GenuineIntel',
    family: 6,
    model: 58,
    stepping: 9,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon E3-12xx v2 (Ivy Bridge)',
    year: 2012,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx': 'pni pclmulqdq ssse3 cx16 sse4.1 sse4.2 x2apic popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx': 'fsgsbase smep erms',
      'd.1.eax': 'xsaveopt',
      '80000001.edx': 'syscall nx rdtscp lm',
      '80000001.ecx': 'lahf-lm',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit',
      'vmx-ept-vpid':
        'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer vmx-posted-intr',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit':
        'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
      'vmx-entry':
        'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
    },
    versions: [
      { version: 2, alias: 'IvyBridge-IBRS', modelId: 'Intel Xeon E3-12xx v2 (Ivy Bridge, IBRS)', add: 'spec-ctrl' },
    ],
  },
  {
    name: 'Haswell',
    vendor: 'GenuineIntel',
    family: 6,
    model: 60,
    stepping: 4,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Core Processor (Haswell)',
    year: 2013,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx':
        'pni pclmulqdq ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx': 'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm',
      'd.1.eax': 'xsaveopt',
      '80000001.edx': 'syscall nx rdtscp lm',
      '80000001.ecx': 'lahf-lm abm',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs',
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
    },
    versions: [
      {
        version: 2,
        alias: 'Haswell-noTSX',
        modelId: 'Intel Core Processor (Haswell, no TSX)',
        stepping: 1,
        remove: 'hle rtm',
      },
      {
        version: 3,
        alias: 'Haswell-IBRS',
        modelId: 'Intel Core Processor (Haswell, IBRS)',
        stepping: 4,
        add: 'hle rtm spec-ctrl',
      },
      {
        version: 4,
        alias: 'Haswell-noTSX-IBRS',
        modelId: 'Intel Core Processor (Haswell, no TSX, IBRS)',
        stepping: 1,
        remove: 'hle rtm',
      },
    ],
  },
  {
    name: 'Broadwell',
    vendor: 'GenuineIntel',
    family: 6,
    model: 61,
    stepping: 2,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Core Processor (Broadwell)',
    year: 2014,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx':
        'pni pclmulqdq ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx': 'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm rdseed adx smap',
      'd.1.eax': 'xsaveopt',
      '80000001.edx': 'syscall nx rdtscp lm',
      '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs vmx-rdseed-exit vmx-pml',
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
    },
    versions: [
      { version: 2, alias: 'Broadwell-noTSX', modelId: 'Intel Core Processor (Broadwell, no TSX)', remove: 'hle rtm' },
      {
        version: 3,
        alias: 'Broadwell-IBRS',
        modelId: 'Intel Core Processor (Broadwell, IBRS)',
        add: 'hle rtm spec-ctrl',
      },
      {
        version: 4,
        alias: 'Broadwell-noTSX-IBRS',
        modelId: 'Intel Core Processor (Broadwell, no TSX, IBRS)',
        remove: 'hle rtm',
      },
    ],
  },
  {
    name: 'Skylake-Client',
    vendor: 'GenuineIntel',
    family: 6,
    model: 94,
    stepping: 3,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Core Processor (Skylake)',
    year: 2015,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx':
        'pni pclmulqdq ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx': 'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm rdseed adx smap',
      'd.1.eax': 'xsaveopt xsavec xgetbv1',
      '80000001.edx': 'syscall nx rdtscp lm',
      '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs vmx-rdseed-exit vmx-pml',
      'vmx-ept-vpid':
        'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-eptad vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit':
        'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
      'vmx-entry':
        'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
      'vmx-vmfunc': 'vmx-eptp-switching',
    },
    versions: [
      { version: 2, alias: 'Skylake-Client-IBRS', modelId: 'Intel Core Processor (Skylake, IBRS)', add: 'spec-ctrl' },
      {
        version: 3,
        alias: 'Skylake-Client-noTSX-IBRS',
        modelId: 'Intel Core Processor (Skylake, IBRS, no TSX)',
        remove: 'hle rtm',
      },
      { version: 4, add: 'xsaves vmx-xsaves' },
    ],
  },
  {
    name: 'Skylake-Server',
    vendor: 'GenuineIntel',
    family: 6,
    model: 85,
    stepping: 4,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Processor (Skylake)',
    year: 2017,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx':
        'pni pclmulqdq ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx':
        'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm avx512f avx512dq rdseed adx smap clflushopt clwb avx512cd avx512bw avx512vl',
      '7.0.ecx': 'pku',
      'd.1.eax': 'xsaveopt xsavec xgetbv1',
      '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
      '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs vmx-rdseed-exit vmx-pml',
      'vmx-ept-vpid':
        'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-eptad vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer vmx-posted-intr',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit':
        'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
      'vmx-entry':
        'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
    },
    versions: [
      {
        version: 2,
        alias: 'Skylake-Server-IBRS',
        modelId: 'Intel Xeon Processor (Skylake, IBRS)',
        add: 'spec-ctrl',
        remove: 'clflushopt',
      },
      {
        version: 3,
        alias: 'Skylake-Server-noTSX-IBRS',
        modelId: 'Intel Xeon Processor (Skylake, IBRS, no TSX)',
        remove: 'hle rtm',
      },
      { version: 4, add: 'vmx-eptp-switching' },
      { version: 5, add: 'xsaves vmx-xsaves' },
    ],
  },
  {
    name: 'Cascadelake-Server',
    vendor: 'GenuineIntel',
    family: 6,
    model: 85,
    stepping: 6,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Processor (Cascadelake)',
    year: 2019,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx':
        'pni pclmulqdq ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx':
        'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm avx512f avx512dq rdseed adx smap clflushopt clwb avx512cd avx512bw avx512vl',
      '7.0.ecx': 'pku avx512vnni',
      '7.0.edx': 'spec-ctrl ssbd',
      'd.1.eax': 'xsaveopt xsavec xgetbv1',
      '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
      '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs vmx-rdseed-exit vmx-pml',
      'vmx-ept-vpid':
        'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-eptad vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer vmx-posted-intr',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit':
        'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
      'vmx-entry':
        'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
    },
    versions: [
      { version: 2, add: 'arch-capabilities rdctl-no ibrs-all skip-l1dfl-vmentry mds-no' },
      { version: 3, alias: 'Cascadelake-Server-noTSX', remove: 'hle rtm' },
      { version: 4, add: 'vmx-eptp-switching' },
      { version: 5, add: 'xsaves vmx-xsaves' },
    ],
  },
  {
    name: 'Cooperlake',
    vendor: 'GenuineIntel',
    family: 6,
    model: 85,
    stepping: 10,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Processor (Cooperlake)',
    year: 2020,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx':
        'pni pclmulqdq ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx':
        'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm avx512f avx512dq rdseed adx smap clflushopt clwb avx512cd avx512bw avx512vl',
      '7.0.ecx': 'pku avx512vnni',
      '7.0.edx': 'spec-ctrl stibp arch-capabilities ssbd',
      '7.1.eax': 'avx512-bf16',
      'd.1.eax': 'xsaveopt xsavec xgetbv1',
      '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
      '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
      'arch-capabilities': 'rdctl-no ibrs-all skip-l1dfl-vmentry mds-no pschange-mc-no taa-no',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs vmx-rdseed-exit vmx-pml',
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
    },
    versions: [{ version: 2, add: 'xsaves vmx-xsaves' }],
  },
  {
    name: 'Icelake-Server',
    vendor: 'GenuineIntel',
    family: 6,
    model: 134,
    stepping: 0,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Processor (Icelake)',
    year: 2021,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx':
        'pni pclmulqdq ssse3 fma cx16 pcid sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx':
        'fsgsbase bmi1 hle avx2 smep bmi2 erms invpcid rtm avx512f avx512dq rdseed adx smap clflushopt clwb avx512cd avx512bw avx512vl',
      '7.0.ecx': 'avx512vbmi umip pku avx512vbmi2 gfni vaes vpclmulqdq avx512vnni avx512bitalg avx512-vpopcntdq la57',
      '7.0.edx': 'spec-ctrl ssbd',
      'd.1.eax': 'xsaveopt xsavec xgetbv1',
      '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
      '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
      '80000008.ebx': 'wbnoinvd',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs',
      'vmx-ept-vpid':
        'vmx-ept-execonly vmx-page-walk-4 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-eptad vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr vmx-invvpid-all-context vmx-invept-single-context-noglobals',
      'vmx-pinbased': 'vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer vmx-posted-intr',
      'vmx-procbased':
        'vmx-vintr-pending vmx-tsc-offset vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit vmx-cr3-store-noexit vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls',
      'vmx-exit':
        'vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer vmx-exit-save-preemption-timer',
      'vmx-entry':
        'vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat vmx-entry-load-efer',
    },
    versions: [
      { version: 2, alias: 'Icelake-Server-noTSX', remove: 'hle rtm' },
      { version: 3, add: 'arch-capabilities rdctl-no ibrs-all skip-l1dfl-vmentry mds-no pschange-mc-no taa-no' },
      { version: 4, model: 106, add: 'avx512ifma sha-ni rdpid fsrm vmx-rdseed-exit vmx-pml vmx-eptp-switching' },
      { version: 5, add: 'xsaves vmx-xsaves' },
      { version: 6, add: 'vmx-page-walk-5' },
      { version: 7, source: QEMU_10_0, note: 'TSX, taa-no', add: 'hle rtm' },
    ],
  },
  {
    name: 'Denverton',
    vendor: 'GenuineIntel',
    family: 6,
    model: 95,
    stepping: 1,
    level: 0x15,
    xlevel: 0x8000_0008,
    modelId: 'Intel Atom Processor (Denverton)',
    year: 2017,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx': 'pni pclmulqdq monitor ssse3 cx16 sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave rdrand',
      '6.eax': 'arat',
      '7.0.ebx': 'fsgsbase smep erms mpx rdseed smap clflushopt sha-ni',
      '7.0.edx': 'spec-ctrl arch-capabilities ssbd',
      'd.1.eax': 'xsaveopt xsavec xgetbv1',
      '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
      '80000001.ecx': 'lahf-lm 3dnowprefetch',
      'arch-capabilities': 'rdctl-no skip-l1dfl-vmentry',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-vmfunc vmx-shadow-vmcs vmx-rdseed-exit vmx-pml',
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
    },
    versions: [
      { version: 2, remove: 'monitor mpx' },
      { version: 3, add: 'xsaves vmx-xsaves' },
    ],
  },
  {
    name: 'Snowridge',
    vendor: 'GenuineIntel',
    family: 6,
    model: 134,
    stepping: 1,
    level: 0x1b,
    xlevel: 0x8000_0008,
    modelId: 'Intel Atom Processor (SnowRidge)',
    year: 2020,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2',
      '1.ecx': 'pni pclmulqdq monitor ssse3 cx16 sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave rdrand',
      '6.eax': 'arat',
      '7.0.ebx': 'fsgsbase smep erms mpx rdseed smap clflushopt clwb sha-ni',
      '7.0.ecx': 'umip gfni cldemote movdiri movdir64b',
      '7.0.edx': 'spec-ctrl arch-capabilities core-capability ssbd',
      'd.1.eax': 'xsaveopt xsavec xgetbv1',
      '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
      '80000001.ecx': 'lahf-lm 3dnowprefetch',
      'core-capabilities': 'split-lock-detect',
      'vmx-basic': 'vmx-ins-outs vmx-true-ctls',
      'vmx-misc': 'vmx-store-lma vmx-activity-hlt vmx-vmwrite-vmexit-fields',
      'vmx-secondary':
        'vmx-apicv-xapic vmx-ept vmx-desc-exit vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid vmx-rdrand-exit vmx-vmfunc vmx-shadow-vmcs vmx-rdseed-exit vmx-pml',
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
    },
    versions: [
      { version: 2, modelId: 'Intel Atom Processor (Snowridge, no MPX)', remove: 'mpx' },
      { version: 3, add: 'xsaves vmx-xsaves' },
      { version: 4, remove: 'core-capability split-lock-detect' },
    ],
  },
  {
    name: 'KnightsMill',
    vendor: 'GenuineIntel',
    family: 6,
    model: 133,
    stepping: 0,
    level: 0xd,
    xlevel: 0x8000_0008,
    modelId: 'Intel Xeon Phi Processor (Knights Mill)',
    year: 2017,
    source: QEMU_7_2,
    features: {
      '1.edx': 'fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ss',
      '1.ecx': 'pni pclmulqdq ssse3 fma cx16 sse4.1 sse4.2 x2apic movbe popcnt tsc-deadline aes xsave avx f16c rdrand',
      '6.eax': 'arat',
      '7.0.ebx': 'fsgsbase bmi1 avx2 smep bmi2 erms avx512f rdseed adx avx512pf avx512er avx512cd',
      '7.0.ecx': 'avx512-vpopcntdq',
      '7.0.edx': 'avx512-4vnniw avx512-4fmaps',
      'd.1.eax': 'xsaveopt',
      '80000001.edx': 'syscall nx pdpe1gb rdtscp lm',
      '80000001.ecx': 'lahf-lm abm 3dnowprefetch',
    },
  },
];
