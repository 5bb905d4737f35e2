/** What each accelerator of QEMU 7.2 changes in every named model, before the user's own flags. */
export const ACCELERATOR_DEFAULTS = {
  /**
   * Paravirtual services on; x2APIC on, as it costs fewer exits; off what needs the host's own hardware state, and
   * virtualization inside the guest.
   */
  kvm: {
    on: ['kvmclock', 'kvm-nopiodelay', 'kvm-asyncpf', 'kvm-steal-time', 'kvm-pv-eoi', 'kvmclock-stable-bit', 'x2apic'],
    off: ['acpi', 'monitor', 'svm'],
  },
  /** QEMU's software CPU has no virtual-8086 extensions. */
  tcg: { on: [], off: ['vme'] },
} as const;

export type AcceleratorDefaults = keyof typeof ACCELERATOR_DEFAULTS;
