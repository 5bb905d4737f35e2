import { invariant } from '../../../base/failure.ts';
import { ACPI_TABLES_END, ACPI_TABLES_START } from '../../../vmm/layout.ts';
import { dsdt } from './dsdt.ts';
import { FACS_ALIGNMENT, facs } from './facs.ts';
import { fadt } from './fadt.ts';
import { madt } from './madt.ts';
import { mcfg } from './mcfg.ts';
import { RSDP_LENGTH, rsdp, rsdt, xsdt } from './root.ts';

/** Local APIC ids are a byte in the MADT, and 0xFF means all of them (ACPI 6.4 §5.2.12.2). */
const MOST_CPUS = 255;
const ALIGNMENT = 16;

export interface AcpiTablesRequest {
  /** Of each vCPU, in order. */
  readonly apicIds: readonly number[];
  /** False leaves the MADT out: the machine has 8259As only. */
  readonly apic?: boolean;
}

/** All ACPI tables as they lie in memory from `ACPI_TABLES_START`, RSDP first. */
export function buildAcpiTables({ apicIds, apic = true }: AcpiTablesRequest): Uint8Array {
  const cpus = apicIds.length;
  invariant(cpus >= 1 && Math.max(...apicIds) < MOST_CPUS, `ACPI tables for APIC ids ${apicIds}`);
  const area = new TableArea();
  const facsAddress = area.place(facs(), FACS_ALIGNMENT);
  const dsdtAddress = area.place(dsdt(cpus));
  const listed = [area.place(fadt(facsAddress, dsdtAddress))];
  if (apic) listed.push(area.place(madt(apicIds)));
  listed.push(area.place(mcfg()));
  const rsdtAddress = area.place(rsdt(listed));
  return area.finish(rsdp(rsdtAddress, area.place(xsdt(listed))));
}

class TableArea {
  private readonly bytes = new Uint8Array(ACPI_TABLES_END - ACPI_TABLES_START);
  private next = RSDP_LENGTH;

  /** Puts a table at the next boundary; returns its guest-physical address. */
  place(table: Uint8Array, alignment = ALIGNMENT): number {
    const offset = Math.ceil(this.next / alignment) * alignment;
    invariant(offset + table.length <= this.bytes.length, 'the ACPI tables outgrew their area');
    this.bytes.set(table, offset);
    this.next = offset + table.length;
    return ACPI_TABLES_START + offset;
  }

  finish(rootPointer: Uint8Array): Uint8Array {
    this.bytes.set(rootPointer, 0);
    return this.bytes.slice(0, this.next);
  }
}
