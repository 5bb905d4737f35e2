/**
 * MSI-X (PCI 3.0 §6.8.2): a table of messages and an array of pending bits, in one BAR. Vectors are signalled
 * from any thread. Guest driver: Linux PCI MSI.
 */
import { bytes, type SharedOf, struct, u16 } from '../../base/shared-struct.ts';
import type { AccessSize } from '../../vmm/bus/io-bus.ts';
import type { Capability } from './function.ts';

export const MSIX_CAPABILITY = 0x11;
/** The most vectors a function of ours has. */
export const MSIX_VECTORS = 64;
/** §6.8.2: the table at the BAR's start, pending bits half-way. */
export const MSIX_BAR_BYTES = 4096;
const PENDING_OFFSET = 2048;

// §6.8.2.3, message control.
const ENABLE = 0x8000;
const FUNCTION_MASK = 0x4000;
/** Table entries (§6.8.2.6 to .9): address, upper address, data, vector control; bit 0 of the last masks. */
const ENTRY_BYTES = 16;
const MASKED = 1;

export const MsixState = struct('msix', 1, {
  /** Message control's enable and function mask, as last written to configuration space. */
  control: u16(0),
  table: bytes(MSIX_VECTORS * ENTRY_BYTES),
  pending: bytes(MSIX_VECTORS / 8),
});
export type MsixState = SharedOf<typeof MsixState>;

/** Writes one message to the interrupt controllers, from the calling thread. */
export type MessagePin = (addressLow: number, addressHigh: number, data: number) => void;

/** The capability for `vectors` vectors whose table is in BAR `bar`; message control is writable in its high bits. */
export function msixCapability(bar: number, vectors: number): Capability {
  const body = new Uint8Array(10);
  const view = new DataView(body.buffer);
  view.setUint16(0, vectors - 1, true);
  view.setUint32(2, bar, true);
  view.setUint32(6, PENDING_OFFSET | bar, true);
  const writable = new Uint8Array(10);
  writable[1] = (ENABLE | FUNCTION_MASK) >> 8;
  return { id: MSIX_CAPABILITY, body, writable };
}

export class Msix {
  private readonly view: DataView;

  constructor(
    readonly state: MsixState,
    readonly vectors: number,
    private readonly send: MessagePin,
  ) {
    this.view = new DataView(state.table.buffer, state.table.byteOffset, state.table.length);
  }

  get enabled(): boolean {
    return (this.state.control & ENABLE) !== 0;
  }

  /** Host side: power-on; every vector is masked (§6.8.2.9). */
  reset(): void {
    const { state } = this;
    state.reset();
    for (let vector = 0; vector < this.vectors; vector++) state.table[vector * ENTRY_BYTES + 12] = MASKED;
  }

  /** Message control was written. */
  configure(control: number): void {
    this.locked(() => {
      this.state.control = control & (ENABLE | FUNCTION_MASK);
      this.deliverPending();
    });
  }

  read(offset: number, size: AccessSize): number {
    const { table, pending } = this.state;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) {
      const at = offset + i;
      const byte =
        at < this.vectors * ENTRY_BYTES ? table[at] : at >= PENDING_OFFSET ? pending[at - PENDING_OFFSET] : 0;
      value = value * 256 + (byte ?? 0);
    }
    return value;
  }

  write(offset: number, size: AccessSize, value: number): void {
    if (offset + size > this.vectors * ENTRY_BYTES) return;
    this.locked(() => {
      for (let i = 0; i < size; i++) this.state.table[offset + i] = value >>> (8 * i);
      this.deliverPending();
    });
  }

  /** Sends `vector`'s message, or marks it pending while it is masked. A vector that is not there is ignored. */
  signal(vector: number): void {
    if (vector >= this.vectors) return;
    const { state } = this;
    state.lock.acquire();
    if (this.masked(vector)) state.pending[vector >> 3]! |= 1 << (vector & 7);
    else this.deliver(vector);
    state.lock.release();
  }

  private masked(vector: number): boolean {
    const { control, table } = this.state;
    return (control & FUNCTION_MASK) !== 0 || (table[vector * ENTRY_BYTES + 12]! & MASKED) !== 0;
  }

  /** §6.8.2.9: what became pending while masked is sent on unmasking. */
  private deliverPending(): void {
    const { pending } = this.state;
    if (!this.enabled) return;
    for (let vector = 0; vector < this.vectors; vector++) {
      const bit = 1 << (vector & 7);
      if ((pending[vector >> 3]! & bit) === 0 || this.masked(vector)) continue;
      pending[vector >> 3]! &= ~bit;
      this.deliver(vector);
    }
  }

  private deliver(vector: number): void {
    const at = vector * ENTRY_BYTES;
    const { view } = this;
    this.send(view.getUint32(at, true), view.getUint32(at + 4, true), view.getUint32(at + 8, true));
  }

  private locked(body: () => void): void {
    this.state.lock.holding(body);
  }
}
