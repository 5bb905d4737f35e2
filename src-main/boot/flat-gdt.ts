import { GDT_ADDRESS } from '../vmm/layout.ts';
import type { Segment, Table } from './boot-image.ts';

/** Segment descriptors (SDM 3A §3.4.5): base 0, limit 4 GiB; execute/read and read/write, both accessed. */
const CODE_64 = 0x00af_9b00_0000_ffffn;
const CODE_32 = 0x00cf_9b00_0000_ffffn;
const DATA = 0x00cf_9300_0000_ffffn;
/** A busy TSS at 0 with limit 0x67 (PVH, "CPU state"; SDM 3A §8.2.2); in long mode its descriptor takes two entries. */
const TSS = 0x0000_8b00_0000_0067n;

/** The GDT all entries start with: __BOOT_CS 0x10, __BOOT_DS 0x18 (boot.rst "32-bit boot protocol"), TSS at 0x20. */
export function flatGdt(mode: 'long64' | 'protected32'): { segment: Segment; table: Table } {
  const descriptors = [0n, 0n, mode === 'long64' ? CODE_64 : CODE_32, DATA, TSS, 0n];
  const bytes = new Uint8Array(descriptors.length * 8);
  const view = new DataView(bytes.buffer);
  descriptors.forEach((descriptor, index) => {
    view.setBigUint64(index * 8, descriptor, true);
  });
  return { segment: { gpa: GDT_ADDRESS, bytes }, table: { base: GDT_ADDRESS, limit: bytes.length - 1 } };
}
