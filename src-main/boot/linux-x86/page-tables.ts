import { GiB, MiB, PAGE_TABLES_ADDRESS } from '../../vmm/layout.ts';
import type { Segment } from '../boot-image.ts';

const TABLE = 4096;
const ENTRIES = 512;
/** Present, writable; and PS, a 2 MiB page (SDM 3A §4.5.4). 1 GiB pages would be fewer, but not every CPU has them. */
const TABLE_ENTRY = 0x3n;
const PAGE_ENTRY = 0x83n;
const MAPPED_GIB = 4;

/** Four-level tables that map the first 4 GiB onto themselves: PML4, PDPT, one page directory per GiB. */
export function identityTables(): { segment: Segment; cr3: number } {
  const bytes = new Uint8Array((2 + MAPPED_GIB) * TABLE);
  const view = new DataView(bytes.buffer);
  const base = BigInt(PAGE_TABLES_ADDRESS);
  view.setBigUint64(0, (base + BigInt(TABLE)) | TABLE_ENTRY, true);
  for (let gib = 0; gib < MAPPED_GIB; gib++) {
    const directory = (2 + gib) * TABLE;
    view.setBigUint64(TABLE + gib * 8, (base + BigInt(directory)) | TABLE_ENTRY, true);
    for (let entry = 0; entry < ENTRIES; entry++) {
      const page = BigInt(gib * GiB + entry * 2 * MiB);
      view.setBigUint64(directory + entry * 8, page | PAGE_ENTRY, true);
    }
  }
  return { segment: { gpa: PAGE_TABLES_ADDRESS, bytes }, cr3: PAGE_TABLES_ADDRESS };
}
