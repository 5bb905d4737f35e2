/** ECMA-119 §6.1.2. */
export const SECTOR = 2048;

/** Both byte orders, little first (ECMA-119 §7.2.3, §7.3.3). */
export function both16(view: DataView, offset: number, value: number): void {
  view.setUint16(offset, value, true);
  view.setUint16(offset + 2, value);
}

export function both32(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value, true);
  view.setUint32(offset + 4, value);
}
