import type { GuestMemory } from '../../../vmm/memory/guest-memory.ts';

/** Descriptor flags of split (virtio 1.2 §2.7.5) and packed queues (§2.8.3, §2.8.6, §2.8.7) alike. */
export const DESC = { NEXT: 1, WRITE: 2, INDIRECT: 4 } as const;
export const DESC_BYTES = 16;

/**
 * Descriptors in guest RAM, at any alignment: a split queue's table, or an indirect one of either kind. The driver may
 * change them at any time, so each field is to be read once.
 */
export class DescriptorTable {
  count = 0;
  private bytes: Uint8Array = new Uint8Array(0);
  /** Of the first descriptor in `bytes`. */
  private start = 0;

  /** Turns to the table of `length` bytes at `gpa`; false where that is no whole number of descriptors in one region of RAM. */
  enter(memory: GuestMemory, gpa: number, length: number): boolean {
    if (length === 0 || length % DESC_BYTES !== 0) return false;
    const region = memory.regionOf(gpa, length);
    if (region === undefined) return false;
    this.bytes = region.bytes;
    this.start = gpa - region.gpa;
    this.count = length / DESC_BYTES;
    return true;
  }

  /** Both layouts begin with the buffer's address and length. */
  address(index: number): number {
    const at = this.start + index * DESC_BYTES;
    return this.u32(at) + this.u32(at + 4) * 0x1_0000_0000;
  }

  length(index: number): number {
    return this.u32(this.start + index * DESC_BYTES + 8);
  }

  /** Bytes 12 and 13: flags (split) or buffer id (packed). */
  third(index: number): number {
    return this.u16(this.start + index * DESC_BYTES + 12);
  }

  /** Bytes 14 and 15: next (split) or flags (packed). */
  fourth(index: number): number {
    return this.u16(this.start + index * DESC_BYTES + 14);
  }

  private u16(at: number): number {
    return this.bytes[at]! | (this.bytes[at + 1]! << 8);
  }

  private u32(at: number): number {
    return (this.u16(at) | (this.u16(at + 2) << 16)) >>> 0;
  }
}
