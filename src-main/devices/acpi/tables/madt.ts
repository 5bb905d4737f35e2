import { IOAPIC_ADDRESS, IRQ, LAPIC_ADDRESS } from '../../../vmm/layout.ts';
import { concat } from './aml.ts';
import { Table } from './table.ts';

/** Multiple APIC Description Table (ACPI 6.4 §5.2.12). */
const PCAT_COMPAT = 1;
/** Interrupt controller structure types and lengths (table 5.21). */
const LOCAL_APIC = { type: 0, length: 8 } as const;
const IO_APIC = { type: 1, length: 12 } as const;
const SOURCE_OVERRIDE = { type: 2, length: 10 } as const;
const LOCAL_APIC_NMI = { type: 4, length: 6 } as const;

const ENABLED = 1;
const ALL_PROCESSORS = 0xff;
const IO_APIC_ID = 0;
/** MPS INTI flags (table 5.26): as the bus has it; active high, level-triggered. */
const CONFORMS = 0;
const ACTIVE_HIGH_LEVEL = 0b1101;
/** The PIT's ISA IRQ 0 arrives at pin 2, as on every PC and in KVM's default routing. */
const PIT_GSI = 2;

export function madt(apicIds: readonly number[]): Uint8Array {
  return Table.of(
    'APIC',
    5,
    concat(
      [...u32(LAPIC_ADDRESS), ...u32(PCAT_COMPAT)],
      ...apicIds.map((apicId, uid) => localApic(uid, apicId)),
      [IO_APIC.type, IO_APIC.length, IO_APIC_ID, 0, ...u32(IOAPIC_ADDRESS), ...u32(0)],
      sourceOverride(0, PIT_GSI, CONFORMS),
      sourceOverride(IRQ.acpi, IRQ.acpi, ACTIVE_HIGH_LEVEL),
      [LOCAL_APIC_NMI.type, LOCAL_APIC_NMI.length, ALL_PROCESSORS, CONFORMS, 0, 1],
    ),
  ).seal();
}

/** @param uid of the processor's object in the DSDT */
function localApic(uid: number, apicId: number): number[] {
  return [LOCAL_APIC.type, LOCAL_APIC.length, uid, apicId, ...u32(ENABLED)];
}

function sourceOverride(isaIrq: number, gsi: number, flags: number): number[] {
  return [SOURCE_OVERRIDE.type, SOURCE_OVERRIDE.length, 0, isaIrq, ...u32(gsi), flags & 0xff, flags >> 8];
}

function u32(value: number): number[] {
  return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
