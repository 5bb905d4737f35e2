import { ECAM_ADDRESS, ECAM_SIZE, MiB } from '../../../vmm/layout.ts';
import { Table } from './table.ts';

/** Memory-mapped configuration space (PCI Firmware 3.2 §4.1.2): one segment, from bus 0 on, a MiB per bus. */
const MCFG_LENGTH = 60;

export function mcfg(): Uint8Array {
  const table = new Table('MCFG', 1, MCFG_LENGTH);
  table.u64(44, ECAM_ADDRESS);
  table.u16(52, 0);
  table.u8(54, 0);
  table.u8(55, ECAM_SIZE / MiB - 1);
  return table.seal();
}
