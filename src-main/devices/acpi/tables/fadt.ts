import { IRQ, PORT } from '../../../vmm/layout.ts';
import { Table } from './table.ts';

/** Fixed ACPI Description Table, revision 6.4 (ACPI 6.4 §5.2.9, table 5.9). */
const FADT_LENGTH = 276;

/** Fixed ACPI Description Table Fixed Feature Flags (table 5.10). */
const FLAG = {
  wbinvd: 1 << 0,
  c1Supported: 1 << 2,
  /** No sleep button in the fixed registers, nor anywhere else. */
  noFixedSleepButton: 1 << 5,
  noFixedRtcWake: 1 << 6,
  timer32Bit: 1 << 8,
  resetRegister: 1 << 10,
} as const;

/** IA-PC Boot Architecture Flags (table 5.11). */
const IAPC = { legacyDevices: 1 << 0, has8042: 1 << 1, vgaNotPresent: 1 << 2 } as const;

/** Latencies above these mean: no C2, no C3 (table 5.9, P_LVL2_LAT, P_LVL3_LAT). */
const NO_C2 = 101;
const NO_C3 = 1001;
/** Where our MC146818 keeps the century, as PCs do. */
const CMOS_CENTURY = 0x32;
/** Reset control: a hard reset, on the rising edge of bit 2 (PIIX3 §2.5.1). */
const RESET_VALUE = 0x06;

const PM1_EVENT = { address: PORT.acpiPm, bytes: 4 };
const PM1_CONTROL = { address: PORT.acpiPm + 4, bytes: 2 };
const PM_TIMER = { address: PORT.acpiPm + 8, bytes: 4 };

/** SMI_CMD stays 0: the machine is in ACPI mode from the start (§4.8.1.4). */
export function fadt(facsAddress: number, dsdtAddress: number): Uint8Array {
  const table = new Table('FACP', 6, FADT_LENGTH);
  table.u32(36, facsAddress);
  table.u32(40, dsdtAddress);
  table.u16(46, IRQ.acpi);
  table.u32(56, PM1_EVENT.address);
  table.u32(64, PM1_CONTROL.address);
  table.u32(76, PM_TIMER.address);
  table.u8(88, PM1_EVENT.bytes);
  table.u8(89, PM1_CONTROL.bytes);
  table.u8(91, PM_TIMER.bytes);
  table.u16(96, NO_C2);
  table.u16(98, NO_C3);
  table.u8(108, CMOS_CENTURY);
  table.u16(109, IAPC.legacyDevices | IAPC.has8042 | IAPC.vgaNotPresent);
  table.u32(
    112,
    Object.values(FLAG).reduce((all, flag) => all | flag, 0),
  );
  genericAddress(table, 116, { address: PORT.resetControl, bytes: 1 });
  table.u8(128, RESET_VALUE);
  table.u8(131, 4);
  table.u64(140, dsdtAddress);
  genericAddress(table, 148, PM1_EVENT, 2);
  genericAddress(table, 172, PM1_CONTROL);
  genericAddress(table, 208, PM_TIMER);
  table.text(268, 'Bulkhead');
  return table.seal();
}

/** Generic Address Structure in system I/O space (ACPI 6.4 §5.2.3.2); access size 1, 2, 3 for 1, 2, 4 bytes. */
function genericAddress(
  table: Table,
  at: number,
  register: { address: number; bytes: number },
  accessBytes: number = register.bytes,
): void {
  table.u8(at, 1);
  table.u8(at + 1, register.bytes * 8);
  table.u8(at + 2, 0);
  table.u8(at + 3, Math.log2(accessBytes) + 1);
  table.u64(at + 4, register.address);
}
