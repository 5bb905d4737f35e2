/** KVM's ioctl numbers, from linux/kvm.h (0xAE) for x86-64; the comment names the section of the KVM API document. */
export const KVM = {
  GET_API_VERSION: 0xae00, // §4.1
  CREATE_VM: 0xae01, // §4.2
  GET_MSR_INDEX_LIST: 0xc004_ae02, // §4.3
  CHECK_EXTENSION: 0xae03, // §4.4
  GET_VCPU_MMAP_SIZE: 0xae04, // §4.5
  GET_SUPPORTED_CPUID: 0xc008_ae05, // §4.46
  CREATE_VCPU: 0xae41, // §4.7
  SET_USER_MEMORY_REGION: 0x4020_ae46, // §4.35
  SET_TSS_ADDR: 0xae47, // §4.36
  SET_IDENTITY_MAP_ADDR: 0x4008_ae48, // §4.41
  CREATE_IRQCHIP: 0xae60, // §4.24
  IRQ_LINE: 0x4008_ae61, // §4.25
  GET_IRQCHIP: 0xc208_ae62, // §4.26
  SET_IRQCHIP: 0x8208_ae63, // §4.27
  CREATE_PIT2: 0x4040_ae77, // §4.71
  GET_PIT2: 0x8070_ae9f, // §4.72
  SET_PIT2: 0x4070_aea0, // §4.73
  IOEVENTFD: 0x4040_ae79, // §4.59
  SIGNAL_MSI: 0x4020_aea5, // §4.70
  SET_CLOCK: 0x4030_ae7b, // §4.30
  GET_CLOCK: 0x8030_ae7c, // §4.29
  RUN: 0xae80, // §4.10
  KVMCLOCK_CTRL: 0xaead, // §4.68
  GET_REGS: 0x8090_ae81, // §4.11
  SET_REGS: 0x4090_ae82, // §4.12
  GET_SREGS: 0x8138_ae83, // §4.13
  SET_SREGS: 0x4138_ae84, // §4.14
  GET_MSRS: 0xc008_ae88, // §4.18
  SET_MSRS: 0x4008_ae89, // §4.19
  GET_LAPIC: 0x8400_ae8e, // §4.57
  SET_LAPIC: 0x4400_ae8f, // §4.58
  SET_CPUID2: 0x4008_ae90, // §4.20
  GET_MP_STATE: 0x8004_ae98, // §4.38
  SET_MP_STATE: 0x4004_ae99, // §4.39
  GET_VCPU_EVENTS: 0x8040_ae9f, // §4.31
  SET_VCPU_EVENTS: 0x4040_aea0, // §4.32
  GET_DEBUGREGS: 0x8080_aea1, // §4.33
  SET_DEBUGREGS: 0x4080_aea2, // §4.34
  GET_XSAVE: 0x9000_aea4, // §4.42
  SET_XSAVE: 0x5000_aea5, // §4.43
  GET_XCRS: 0x8188_aea6, // §4.44
  SET_XCRS: 0x4188_aea7, // §4.45
} as const;

export const KVM_API_VERSION = 12;

/** KVM_CHECK_EXTENSION arguments, linux/kvm.h. */
export const CAP = {
  IRQCHIP: 0,
  USER_MEMORY: 3,
  SET_TSS_ADDR: 4,
  EXT_CPUID: 7,
  NR_VCPUS: 9,
  NR_MEMSLOTS: 10,
  PIT2: 33,
  IRQFD: 32,
  IOEVENTFD: 36,
  SIGNAL_MSI: 77,
  IOEVENTFD_ANY_LENGTH: 122,
  MAX_VCPUS: 66,
  TSC_DEADLINE_TIMER: 72,
  IMMEDIATE_EXIT: 136,
} as const;

/** kvm_run.exit_reason, linux/kvm.h. */
export const EXIT = {
  UNKNOWN: 0,
  IO: 2,
  DEBUG: 4,
  HLT: 5,
  MMIO: 6,
  IRQ_WINDOW_OPEN: 7,
  SHUTDOWN: 8,
  FAIL_ENTRY: 9,
  INTR: 10,
  INTERNAL_ERROR: 17,
  SYSTEM_EVENT: 24,
} as const;

/** KVM_PIT_SPEAKER_DUMMY: port 0x61 is answered in the kernel too (§4.71). */
export const PIT_SPEAKER_DUMMY = 1;
