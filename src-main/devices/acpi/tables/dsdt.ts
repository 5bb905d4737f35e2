import { IRQ, PORT } from '../../../vmm/layout.ts';
import { SLP_TYP_S5 } from '../pm.ts';
import {
  type Aml,
  concat,
  device,
  eisaId,
  integer,
  ioPorts,
  irqLine,
  name,
  packageOf,
  resourceTemplate,
  scope,
  string,
} from './aml.ts';
import { ecamReservation, pciRoot } from './pci-root.ts';
import { Table } from './table.ts';

/** Differentiated System Description Table: what the guest cannot find by looking. */
export function dsdt(cpus: number): Uint8Array {
  const terms = concat(
    name('\\_S5', packageOf(integer(SLP_TYP_S5), integer(SLP_TYP_S5), integer(0), integer(0))),
    scope('\\_SB', ...processors(cpus), pciRoot(), ...isaDevices(), ecamReservation()),
  );
  return Table.of('DSDT', 2, terms).seal();
}

/** `_UID` ties each processor to its local APIC in the MADT (ACPI 6.4 §8.4). */
function processors(cpus: number): Aml[] {
  return Array.from({ length: cpus }, (_, uid) =>
    device(
      `C${uid.toString(16).toUpperCase().padStart(3, '0')}`,
      name('_HID', string('ACPI0007')),
      name('_UID', integer(uid)),
    ),
  );
}

function isaDevices(): Aml[] {
  return [
    device(
      'COM1',
      name('_HID', eisaId('PNP0501')),
      name('_UID', integer(1)),
      name('_CRS', resourceTemplate(ioPorts(PORT.com1, 8), irqLine(IRQ.com1))),
    ),
    device(
      'RTC',
      name('_HID', eisaId('PNP0B00')),
      name('_CRS', resourceTemplate(ioPorts(PORT.rtc, 2), irqLine(IRQ.rtc))),
    ),
    device(
      'PS2K',
      name('_HID', eisaId('PNP0303')),
      name('_CRS', resourceTemplate(ioPorts(PORT.i8042Data, 1), ioPorts(PORT.i8042Command, 1), irqLine(IRQ.keyboard))),
    ),
  ];
}
