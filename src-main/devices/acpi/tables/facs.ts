/** Firmware ACPI Control Structure, version 2 (ACPI 6.4 §5.2.10): on a 64-byte boundary, without header or checksum. */
export const FACS_ALIGNMENT = 64;
const FACS_LENGTH = 64;

export function facs(): Uint8Array {
  const bytes = new Uint8Array(FACS_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode('FACS'));
  view.setUint32(4, FACS_LENGTH, true);
  view.setUint8(32, 2);
  return bytes;
}
