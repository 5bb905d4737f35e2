import type { Capability } from '../../pci/function.ts';

/** Vendor-specific capability (PCI 3.0 §6.7), in which virtio says where its structures are (virtio 1.2 §4.1.4). */
const VENDOR_CAPABILITY = 0x09;
/** cfg_type (§4.1.4). */
const CFG = { common: 1, notify: 2, isr: 3, device: 4, pci: 5 } as const;

/** The BAR of virtio's own structures, and what lies where in it. */
export const VIRTIO_BAR = 0;
export const VIRTIO_BAR_BYTES = 0x4000;
export const AREA = {
  common: { offset: 0x0000, length: 0x38 },
  isr: { offset: 0x1000, length: 1 },
  device: { offset: 0x2000, length: 256 },
  notify: { offset: 0x3000, length: 0x1000 },
} as const;
/** Bytes between two queues' doorbells (§4.1.4.4, notify_off_multiplier). */
export const DOORBELL_BYTES = 4;

/** Offsets in the PCI configuration access capability, from its first byte (§4.1.4.9). */
export const PCI_CFG = { bar: 4, offset: 8, length: 12, data: 16 } as const;

export function virtioCapabilities(): Capability[] {
  return [
    structure(CFG.common, AREA.common),
    structure(CFG.notify, AREA.notify, DOORBELL_BYTES),
    structure(CFG.isr, AREA.isr),
    structure(CFG.device, AREA.device),
    pciAccess(),
  ];
}

/** struct virtio_pci_cap after cap_next: cap_len, cfg_type, bar, id, padding, offset, length; then what `more` is. */
function structure(type: number, { offset, length }: { offset: number; length: number }, more?: number): Capability {
  const body = new Uint8Array(more === undefined ? 14 : 18);
  const view = new DataView(body.buffer);
  body.set([body.length + 2, type, VIRTIO_BAR]);
  view.setUint32(6, offset, true);
  view.setUint32(10, length, true);
  if (more !== undefined) view.setUint32(14, more, true);
  return { id: VENDOR_CAPABILITY, body };
}

/** §4.1.4.9: the driver writes bar, offset and length, then reads or writes the data behind them. */
function pciAccess(): Capability {
  const body = new Uint8Array(18);
  body.set([body.length + 2, CFG.pci]);
  const writable = new Uint8Array(18).fill(0xff);
  writable.fill(0, 0, PCI_CFG.bar - 2);
  writable.fill(0, PCI_CFG.bar - 1, PCI_CFG.offset - 2);
  return { id: VENDOR_CAPABILITY, body, writable };
}
