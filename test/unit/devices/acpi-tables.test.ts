import { describe, expect, test } from 'vitest';
import { buildAcpiTables } from '../../../src-main/devices/acpi/tables/acpi-tables.ts';
import * as aml from '../../../src-main/devices/acpi/tables/aml.ts';
import { ACPI_TABLES_END, ACPI_TABLES_START, IOAPIC_ADDRESS, LAPIC_ADDRESS } from '../../../src-main/vmm/layout.ts';

const latin1 = new TextDecoder('latin1');
const sum = (bytes: Uint8Array) => bytes.reduce((total, byte) => total + byte, 0) & 0xff;
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

interface Found {
  signature: string;
  bytes: Uint8Array;
  view: DataView;
}

/** Walks the tables as a guest does, from the RSDP at the start of the area. */
function walk(area: Uint8Array) {
  const at = (address: number): Found => {
    const offset = address - ACPI_TABLES_START;
    const length = new DataView(area.buffer, area.byteOffset + offset).getUint32(4, true);
    const bytes = area.slice(offset, offset + length);
    return { signature: latin1.decode(bytes.subarray(0, 4)), bytes, view: new DataView(bytes.buffer) };
  };
  const root = new DataView(area.buffer, area.byteOffset, 36);
  const rsdt = at(root.getUint32(16, true));
  const xsdt = at(Number(root.getBigUint64(24, true)));
  const rsdtList = Array.from({ length: (rsdt.bytes.length - 36) / 4 }, (_, i) =>
    rsdt.view.getUint32(36 + i * 4, true),
  );
  const xsdtList = Array.from({ length: (xsdt.bytes.length - 36) / 8 }, (_, i) =>
    Number(xsdt.view.getBigUint64(36 + i * 8, true)),
  );
  const tables = new Map(xsdtList.map((address) => [at(address).signature, at(address)]));
  const fadt = tables.get('FACP')!;
  const facs = at(fadt.view.getUint32(36, true));
  return { rsdt, xsdt, rsdtList, xsdtList, tables, fadt, facs, dsdt: at(fadt.view.getUint32(40, true)) };
}

/** The MADT's entries after its header, as [type, ...rest]. */
function madtEntries(madt: Found): number[][] {
  const entries: number[][] = [];
  for (let at = 44; at < madt.bytes.length; at += madt.bytes[at + 1]!) {
    entries.push([...madt.bytes.subarray(at, at + madt.bytes[at + 1]!)]);
  }
  return entries;
}

describe('root', () => {
  const area = buildAcpiTables({ apicIds: [0, 1] });
  const { rsdt, xsdt, rsdtList, xsdtList, fadt, dsdt, facs, tables } = walk(area);

  test('ACPI 6.4 §5.2.5.3: the RSDP is first, revision 2, and both its checksums hold', () => {
    expect(latin1.decode(area.subarray(0, 8))).toBe('RSD PTR ');
    expect(area[15]).toBe(2);
    expect(new DataView(area.buffer).getUint32(20, true)).toBe(36);
    expect(sum(area.subarray(0, 20))).toBe(0);
    expect(sum(area.subarray(0, 36))).toBe(0);
  });

  test('ACPI 6.4 §5.2.6: every table’s bytes add up to zero', () => {
    for (const { bytes } of [rsdt, xsdt, fadt, dsdt, tables.get('APIC')!]) expect(sum(bytes)).toBe(0);
  });

  test('ACPI 6.4 §5.2.7, §5.2.8: RSDT and XSDT list the same tables', () => {
    expect([rsdt.signature, xsdt.signature]).toEqual(['RSDT', 'XSDT']);
    expect(rsdtList).toEqual(xsdtList);
    expect([...tables.keys()]).toEqual(['FACP', 'APIC', 'MCFG']);
  });

  test('ACPI 6.4 §5.2.10: the FACS is 64 bytes on a 64-byte boundary, version 2', () => {
    expect(facs.signature).toBe('FACS');
    expect(facs.bytes.length).toBe(64);
    expect(fadt.view.getUint32(36, true) % 64).toBe(0);
    expect(facs.bytes[32]).toBe(2);
  });

  test.each([1, 2, 16, 255])('the tables of %i CPUs stay within their area', (cpus) => {
    expect(buildAcpiTables({ apicIds: Array.from({ length: cpus }, (_, id) => id) }).length).toBeLessThanOrEqual(
      ACPI_TABLES_END - ACPI_TABLES_START,
    );
  });
});

describe('FADT', () => {
  const { fadt } = walk(buildAcpiTables({ apicIds: [0] }));
  const genericAddress = (at: number) => [
    ...fadt.bytes.subarray(at, at + 4),
    Number(fadt.view.getBigUint64(at + 4, true)),
  ];

  test('ACPI 6.4 §5.2.9: revision 6.4 in 276 bytes', () => {
    expect([fadt.bytes.length, fadt.bytes[8], fadt.bytes[131]]).toEqual([276, 6, 4]);
  });

  test('ACPI 6.4 §4.8.3: fixed hardware at 0x600, the same in the old and the extended fields', () => {
    const u32 = (at: number) => fadt.view.getUint32(at, true);
    expect([u32(56), u32(64), u32(76)]).toEqual([0x600, 0x604, 0x608]);
    expect([...fadt.bytes.subarray(88, 92)]).toEqual([4, 2, 0, 4]);
    expect(genericAddress(148)).toEqual([1, 32, 0, 2, 0x600]);
    expect(genericAddress(172)).toEqual([1, 16, 0, 2, 0x604]);
    expect(genericAddress(208)).toEqual([1, 32, 0, 3, 0x608]);
  });

  test('ACPI 6.4 §4.8.1.4: ACPI mode is on from the start, SCI is IRQ 9', () => {
    expect(fadt.view.getUint32(48, true)).toBe(0);
    expect(fadt.view.getUint16(46, true)).toBe(9);
  });

  test('ACPI 6.4 §4.8.3.6: reset by writing 6 to port 0xCF9', () => {
    expect(genericAddress(116)).toEqual([1, 8, 0, 1, 0xcf9]);
    expect(fadt.bytes[128]).toBe(6);
    expect(fadt.view.getUint32(112, true) & (1 << 10)).not.toBe(0);
  });

  test('ACPI 6.4 table 5.10: power button fixed, sleep button none, not hardware-reduced', () => {
    const flags = fadt.view.getUint32(112, true);
    expect(flags & (1 << 4)).toBe(0);
    expect(flags & (1 << 5)).not.toBe(0);
    expect(flags & (1 << 20)).toBe(0);
  });

  test('ACPI 6.4 table 5.11: legacy devices and 8042 present, no VGA, CMOS RTC present', () => {
    expect(fadt.view.getUint16(109, true)).toBe(0b111);
    expect(fadt.bytes[108]).toBe(0x32);
  });
});

describe('MADT', () => {
  test('ACPI 6.4 §5.2.12: a local APIC per CPU, one IOAPIC, the 8259As beside them', () => {
    const madt = walk(buildAcpiTables({ apicIds: [0, 1, 2] })).tables.get('APIC')!;
    expect(madt.view.getUint32(36, true)).toBe(LAPIC_ADDRESS);
    expect(madt.view.getUint32(40, true)).toBe(1);
    const entries = madtEntries(madt);
    expect(entries.slice(0, 3)).toEqual([0, 1, 2].map((id) => [0, 8, id, id, 1, 0, 0, 0]));
    expect(entries[3]).toEqual([1, 12, 0, 0, 0, 0, (IOAPIC_ADDRESS >>> 16) & 0xff, IOAPIC_ADDRESS >>> 24, 0, 0, 0, 0]);
  });

  test('ACPI 6.4 §5.2.12.5: the PIT arrives at GSI 2, SCI is level-triggered and active high', () => {
    const entries = madtEntries(walk(buildAcpiTables({ apicIds: [0] })).tables.get('APIC')!);
    expect(entries.filter(([type]) => type === 2)).toEqual([
      [2, 10, 0, 0, 2, 0, 0, 0, 0, 0],
      [2, 10, 0, 9, 9, 0, 0, 0, 0x0d, 0],
    ]);
  });

  test('a machine without APICs has no MADT', () => {
    expect([...walk(buildAcpiTables({ apicIds: [0], apic: false })).tables.keys()]).toEqual(['FACP', 'MCFG']);
  });
});

describe('DSDT', () => {
  const { dsdt } = walk(buildAcpiTables({ apicIds: [0] }));
  const code = hex(dsdt.bytes.subarray(36));

  test('ACPI 6.4 §7.4.2.6: \\_S5 names sleep type 5', () => {
    expect(code.startsWith('085c5f53355f1208040a050a050000')).toBe(true);
  });

  test.each([
    ['COM1, PNP0501 at 0x3F8, IRQ 4', '0c41d00501', '4701f803f803010822100079'],
    ['RTC, PNP0B00 at 0x70, IRQ 8', '0c41d00b00', '47017000700001022200017900'],
    ['keyboard, PNP0303 at 0x60 and 0x64, IRQ 1', '0c41d00303', '4701600060000101470164006400010122020079'],
  ])('ACPI 6.4 §6.4.2: %s', (_what, id, resources) => {
    expect(code).toContain(id);
    expect(code).toContain(resources);
  });
});

describe('PCI', () => {
  const { dsdt, tables } = walk(buildAcpiTables({ apicIds: [0] }));
  const code = hex(dsdt.bytes.subarray(36));

  test('PCI Firmware 3.2 §4.1.2: the MCFG names one segment with bus 0, and the DSDT reserves its addresses', () => {
    expect(hex(tables.get('MCFG')!.bytes.subarray(36))).toBe('0000000000000000000000d0000000000000000000000000');
    expect(code).toContain('86090001000000d000001000');
  });

  test.each([
    ['§6.4.3.5: bus 0', '880d00020c00' + '00000000000000000100'],
    ['§6.4.3.5: I/O ports 0x1000 to 0xffff', '880d00010c03' + '00000010ffff000000f0'],
    ['§6.4.3.5: memory between 0xe0000000 and the IOAPIC', '871700000c01' + '00000000000000e0ffffbffe000000000000c01e'],
    ['§6.2.13: INTA# of device 1 is GSI 17', '0cffff0100' + '00000a11'],
    ['§6.2.13: INTB# of device 7 is GSI 16', '0cffff0700' + '01000a10'],
  ])('ACPI 6.4 %s', (_what, bytes) => {
    expect(code).toContain(bytes);
  });
});

describe('AML', () => {
  test('ACPI 6.4 §20.2.3: integers take their shortest form', () => {
    const values = [0, 1, 2, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff];
    expect(values.map((value) => hex(aml.integer(value)))).toEqual([
      '00',
      '01',
      '0a02',
      '0aff',
      '0b0001',
      '0bffff',
      '0c00000100',
      '0cffffffff',
    ]);
  });

  test.each([
    [57, '103f'],
    [58, '104104'],
    [4088, '104fff'],
    [4089, '10810001'],
  ])('ACPI 6.4 §20.2.4: a package of 5 name bytes and %i more has the right length bytes', (extra, start) => {
    expect(hex(aml.scope('\\_SB', new Uint8Array(extra))).startsWith(start)).toBe(true);
  });

  test('ACPI 6.4 §20.2.2: names are padded to four characters, two segments get a prefix', () => {
    expect(hex(aml.scope('\\_SB'))).toBe('10065c5f53425f');
    expect(hex(aml.name('\\_SB.PCI0', aml.integer(0)))).toBe('085c2e5f53425f5043493000');
    expect(() => aml.name('toolong', aml.integer(0))).toThrow('not an ACPI name');
  });

  test('ACPI 6.4 §19.6.37: EISAID("PNP0A03") is 0x030AD041', () => {
    expect(hex(aml.eisaId('PNP0A03'))).toBe('0c41d00a03');
  });

  test('ACPI 6.4 §6.4.2.9: a resource template ends in an end tag', () => {
    expect(hex(aml.resourceTemplate(aml.irqLine(4)))).toBe('11080a052210007900');
  });
});
