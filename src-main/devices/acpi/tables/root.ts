import { checksum, OEM, Table } from './table.ts';

export const RSDP_LENGTH = 36;

/** Root System Description Pointer, revision 2 (ACPI 6.4 §5.2.5.3): a checksum over 20 bytes and one over all. */
export function rsdp(rsdtAddress: number, xsdtAddress: number): Uint8Array {
  const bytes = new Uint8Array(RSDP_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(new TextEncoder().encode(`RSD PTR \0${OEM.id}`));
  view.setUint8(15, 2);
  view.setUint32(16, rsdtAddress, true);
  view.setUint32(20, RSDP_LENGTH, true);
  view.setBigUint64(24, BigInt(xsdtAddress), true);
  view.setUint8(8, checksum(bytes.subarray(0, 20)));
  view.setUint8(32, checksum(bytes));
  return bytes;
}

/** Root System Description Table: 32-bit addresses of the others (ACPI 6.4 §5.2.7). */
export function rsdt(addresses: readonly number[]): Uint8Array {
  return Table.of('RSDT', 1, new Uint8Array(Uint32Array.from(addresses).buffer)).seal();
}

/** Extended System Description Table: the same in 64 bits (ACPI 6.4 §5.2.8). */
export function xsdt(addresses: readonly number[]): Uint8Array {
  return Table.of('XSDT', 1, new Uint8Array(BigUint64Array.from(addresses.map(BigInt)).buffer)).seal();
}
