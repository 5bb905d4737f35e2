/** Guest-physical addresses and I/O ports: every number a guest can meet, in one place. */

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/** RAM ends here below 4 GiB; the rest of a large machine's RAM starts at 4 GiB. The hole is MMIO. */
export const LOW_RAM_END = 3 * GiB;
export const HIGH_RAM_START = 4 * GiB;

/** PC conventions below 1 MiB (ACPI 6.4 §5.2.5.1; Linux x86 e820 conventions). */
export const EBDA_START = 0x9_fc00;
export const VGA_HOLE_START = 0xa_0000;
export const BIOS_AREA_START = 0xe_0000;
export const BIOS_AREA_END = 0x10_0000;

/** Boot structures in low RAM, all below the EBDA. */
export const GDT_ADDRESS = 0x500;
export const BOOT_STACK_TOP = 0x8000;
export const BOOT_PARAMS_ADDRESS = 0x1_0000;
export const PVH_START_INFO_ADDRESS = 0x1_1000;
export const PAGE_TABLES_ADDRESS = 0x1_2000;
export const COMMAND_LINE_ADDRESS = 0x2_0000;
/** The longest command line, without its terminating zero (Linux COMMAND_LINE_SIZE on x86, minus one). */
export const COMMAND_LINE_MAX = 2047;

/** ACPI tables: RSDP first, on a 16-byte boundary inside the area firmware scans. */
export const ACPI_TABLES_START = 0xe_0000;
export const ACPI_TABLES_END = 0xf_0000;

/** Where a protected-mode kernel is loaded (Linux boot.rst, "Memory layout"). */
export const KERNEL_LOAD_ADDRESS = 1 * MiB;

/** PCI, all in the hole between low RAM and 4 GiB: configuration space of bus 0 (ECAM), and room for BARs. */
export const ECAM_ADDRESS = 0xd000_0000;
export const ECAM_SIZE = 1 * MiB;
/** Where SeaBIOS places BARs, too (its BUILD_PCIMEM_START and BUILD_PCIMEM_END). */
export const PCI_WINDOW_START = 0xe000_0000;
export const PCI_WINDOW_END = 0xfec0_0000;
/** INTx lines share the IOAPIC's last eight pins. */
export const PCI_GSI = { first: 16, count: 8 } as const;

/**
 * Firmware's ROM ends with the first 4 GiB. Its last 256 KiB also lie in RAM below 1 MiB: what a chipset's shadowing comes to
 * in the end, and where SeaBIOS, which finds no chipset it knows here, runs.
 */
export const FIRMWARE_END = 4 * GiB;
export const FIRMWARE_SHADOW_BYTES = 256 * KiB;
export const FIRMWARE_SHADOW_END = BIOS_AREA_END;

/** In-kernel interrupt chips, at their architectural addresses (SDM 3A §11.4.1, 82093AA). */
export const IOAPIC_ADDRESS = 0xfec0_0000;
export const LAPIC_ADDRESS = 0xfee0_0000;

/** Three pages KVM needs on Intel hosts, and one for its identity map (KVM API §4.35, §4.43); below the BIOS ROM alias. */
export const KVM_TSS_ADDRESS = 0xfffb_d000;
export const KVM_IDENTITY_MAP_ADDRESS = 0xfffb_c000;

/** I/O ports. */
export const PORT = {
  /** i8042: data 0x60, command/status 0x64. */
  i8042Data: 0x60,
  i8042Command: 0x64,
  /** System control port B: gate and read-back of PIT channel 2. */
  systemControlB: 0x61,
  /** MC146818 index and data. */
  rtc: 0x70,
  /** POST codes. */
  post: 0x80,
  /** System control port A (fast A20 and reset). */
  systemControlA: 0x92,
  /** Bochs/QEMU debug console. */
  debugConsole: 0xe9,
  /** QEMU isa-debug-exit's usual place. */
  debugExit: 0xf4,
  com1: 0x3f8,
  /** QEMU pvpanic-isa's usual place. */
  pvpanic: 0x505,
  /** Where SeaBIOS writes what it does. */
  firmwareDebug: 0x402,
  /** QEMU's firmware configuration device: selector, data. */
  fwCfg: 0x510,
  /** ACPI fixed hardware: PM1 event block (4), PM1 control (2) at +4, PM timer (4) at +8. */
  acpiPm: 0x600,
  /** PCI configuration mechanism #1: address at 0xcf8, data at 0xcfc; the reset control register is among them. */
  pciConfig: 0xcf8,
  /** Reset control register (PIIX3 §2.5.1). */
  resetControl: 0xcf9,
} as const;

/** ISA interrupt lines = GSIs 0–15. */
export const IRQ = { keyboard: 1, com1: 4, rtc: 8, acpi: 9, mouse: 12 } as const;

export interface RamRange {
  readonly gpa: number;
  readonly size: number;
}

/** Where a machine's RAM lies: one range up to 3 GiB, two beyond. */
export function ramRanges(memoryBytes: number): RamRange[] {
  if (memoryBytes <= LOW_RAM_END) return [{ gpa: 0, size: memoryBytes }];
  return [
    { gpa: 0, size: LOW_RAM_END },
    { gpa: HIGH_RAM_START, size: memoryBytes - LOW_RAM_END },
  ];
}
