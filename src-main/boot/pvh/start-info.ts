import { ACPI_TABLES_START, COMMAND_LINE_ADDRESS, PVH_START_INFO_ADDRESS } from '../../vmm/layout.ts';
import type { Segment } from '../boot-image.ts';
import type { MapEntry } from '../memory-map.ts';

/** struct hvm_start_info version 1, one page with its module list and memory map (Xen public/arch-x86/hvm/start_info.h). */
const MAGIC = 0x336e_c578;
const VERSION = 1;
const PAGE = 4096;
const MODLIST = 0x40;
const MEMMAP = 0x80;
const MEMMAP_ENTRY_SIZE = 24;

export interface StartInfoRequest {
  readonly initrd: { readonly gpa: number; readonly size: number } | undefined;
  readonly memory: readonly MapEntry[];
  readonly hasAcpi: boolean;
}

export function startInfo({ initrd, memory, hasAcpi }: StartInfoRequest): Segment {
  const bytes = new Uint8Array(PAGE);
  const view = new DataView(bytes.buffer);
  const u32 = (at: number, value: number) => view.setUint32(at, value, true);
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  u32(0, MAGIC);
  u32(4, VERSION);
  u32(12, initrd === undefined ? 0 : 1);
  u64(16, initrd === undefined ? 0 : PVH_START_INFO_ADDRESS + MODLIST);
  u64(24, COMMAND_LINE_ADDRESS);
  u64(32, hasAcpi ? ACPI_TABLES_START : 0);
  u64(40, PVH_START_INFO_ADDRESS + MEMMAP);
  u32(48, memory.length);
  if (initrd !== undefined) {
    u64(MODLIST, initrd.gpa);
    u64(MODLIST + 8, initrd.size);
  }
  memory.forEach(({ start, size, type }, index) => {
    const at = MEMMAP + index * MEMMAP_ENTRY_SIZE;
    u64(at, start);
    u64(at + 8, size);
    u32(at + 16, type);
  });
  return { gpa: PVH_START_INFO_ADDRESS, bytes };
}
