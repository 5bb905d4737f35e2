import {
  BIOS_AREA_END,
  BIOS_AREA_START,
  EBDA_START,
  ECAM_ADDRESS,
  ECAM_SIZE,
  GiB,
  KVM_IDENTITY_MAP_ADDRESS,
  ramRanges,
  VGA_HOLE_START,
} from '../vmm/layout.ts';

/** Address range types (ACPI 6.4 §15, table 15.1); E820 and PVH share the numbers. */
export const RANGE_TYPE = { ram: 1, reserved: 2 } as const;

export interface MapEntry {
  readonly start: number;
  readonly size: number;
  readonly type: number;
}

const PAGE = 4096;

/**
 * The machine's memory as firmware would report it (ACPI 6.4 §15): conventional RAM, the EBDA and the BIOS area kept
 * out of it, RAM above 1 MiB up to the hole and again from 4 GiB, PCI's ECAM, and the ROM alias below 4 GiB where KVM's own
 * pages lie.
 */
export function memoryMap(memoryBytes: number): MapEntry[] {
  const entries: MapEntry[] = [
    { start: 0, size: EBDA_START, type: RANGE_TYPE.ram },
    { start: EBDA_START, size: VGA_HOLE_START - EBDA_START, type: RANGE_TYPE.reserved },
    { start: BIOS_AREA_START, size: BIOS_AREA_END - BIOS_AREA_START, type: RANGE_TYPE.reserved },
  ];
  const [low, high] = ramRanges(memoryBytes - (memoryBytes % PAGE));
  if (low !== undefined && low.size > BIOS_AREA_END) {
    entries.push({ start: BIOS_AREA_END, size: low.size - BIOS_AREA_END, type: RANGE_TYPE.ram });
  }
  entries.push({ start: ECAM_ADDRESS, size: ECAM_SIZE, type: RANGE_TYPE.reserved });
  const aliasSize = 4 * GiB - KVM_IDENTITY_MAP_ADDRESS;
  entries.push({ start: KVM_IDENTITY_MAP_ADDRESS, size: aliasSize, type: RANGE_TYPE.reserved });
  if (high !== undefined) entries.push({ start: high.gpa, size: high.size, type: RANGE_TYPE.ram });
  return entries;
}
