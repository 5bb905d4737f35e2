import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadFirmware } from '../../../src-main/boot/boot-image.ts';
import { firmwareFiles } from '../../../src-main/boot/firmware/firmware-files.ts';
import { planFirmware } from '../../../src-main/boot/firmware/plan-firmware.ts';
import { relocatableTables } from '../../../src-main/boot/firmware/table-loader.ts';
import { buildAcpiTables } from '../../../src-main/devices/acpi/tables/acpi-tables.ts';
import { GiB, MiB } from '../../../src-main/vmm/layout.ts';
import { GuestMemory } from '../../../src-main/vmm/memory/guest-memory.ts';

const firmware = new URL('../../../resources/firmware/', import.meta.url).pathname;
const sum = (bytes: Uint8Array): number => bytes.reduce((all, byte) => (all + byte) & 0xff, 0);

/** What firmware does with the loader's script (QEMU 7.2 hw/acpi/bios-linker-loader.c). */
function load(files: readonly { name: string; bytes: Uint8Array }[], places: Record<string, number>) {
  const memory = new Map(files.map(({ name, bytes }) => [name, bytes.slice()]));
  const script = memory.get('etc/table-loader')!;
  const text = (at: number): string =>
    Buffer.from(script.subarray(at, at + 56))
      .toString()
      .replace(/\0.*/s, '');
  for (let at = 0; at < script.length; at += 128) {
    const view = new DataView(script.buffer, script.byteOffset + at, 128);
    const bytes = memory.get(text(at + 4))!;
    const target = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    switch (view.getUint32(0, true)) {
      case 2: {
        const offset = view.getUint32(116, true);
        const place = places[text(at + 60)]!;
        if (view.getUint8(120) === 4) target.setUint32(offset, target.getUint32(offset, true) + place, true);
        else target.setBigUint64(offset, target.getBigUint64(offset, true) + BigInt(place), true);
        break;
      }
      case 3: {
        const start = view.getUint32(64, true);
        const range = bytes.subarray(start, start + view.getUint32(68, true));
        bytes[view.getUint32(60, true)]! -= sum(range);
      }
    }
  }
  return { tables: memory.get('etc/acpi/tables')!, rsdp: memory.get('etc/acpi/rsdp')! };
}

describe('ACPI tables for firmware to place', () => {
  const area = buildAcpiTables({ apicIds: [0, 1] });

  test('put where they were built for, they are what they were', () => {
    const { tables, rsdp } = load(relocatableTables(area), { 'etc/acpi/tables': 0xe0000 });
    expect(tables).toEqual(area);
    expect(rsdp).toEqual(area.slice(0, 36));
  });

  test('ACPI 6.4 §5.2: put elsewhere, every pointer leads to a table with a good checksum', () => {
    const place = 0x7ff_0000;
    const { tables, rsdp } = load(relocatableTables(area), { 'etc/acpi/tables': place });
    expect([sum(rsdp.subarray(0, 20)), sum(rsdp)]).toEqual([0, 0]);
    const view = new DataView(tables.buffer, tables.byteOffset);
    const root = new DataView(rsdp.buffer, rsdp.byteOffset);
    const at = (address: number) => {
      const start = address - place;
      const table = tables.subarray(start, start + view.getUint32(start + 4, true));
      return { start, table, name: Buffer.from(table.subarray(0, 4)).toString() };
    };
    const rsdt = at(root.getUint32(16, true));
    const xsdt = at(Number(root.getBigUint64(24, true)));
    expect([rsdt.name, xsdt.name, sum(rsdt.table), sum(xsdt.table)]).toEqual(['RSDT', 'XSDT', 0, 0]);
    const listed = [36, 40].map((offset) => at(view.getUint32(rsdt.start + offset, true)));
    expect(listed.map(({ name, table }) => [name, sum(table)])).toEqual([
      ['FACP', 0],
      ['APIC', 0],
    ]);
    expect(at(view.getUint32(listed[0]!.start + 36, true)).name).toBe('FACS');
    expect(at(Number(view.getBigUint64(listed[0]!.start + 140, true)))).toMatchObject({ name: 'DSDT' });
  });
});

describe('firmware', () => {
  test('SeaBIOS is the file whose checksum stands beside it', () => {
    const digest = createHash('sha256')
      .update(readFileSync(`${firmware}bios-256k.bin`))
      .digest('hex');
    expect(readFileSync(`${firmware}SHA256SUMS`, 'utf8')).toBe(`${digest}  bios-256k.bin\n`);
  });

  test('its ROM ends at 4 GiB and shows below 1 MiB; the first instruction is a far jump', () => {
    const image = planFirmware(`${firmware}bios-256k.bin`, 'firmware');
    const memory = new GuestMemory([{ gpa: 0, bytes: new Uint8Array(MiB) }]);
    const rom = loadFirmware(image, memory)!;
    expect(image.segments[0]!.gpa + rom.length).toBe(4 * GiB);
    expect(memory.window(0xf_fff0, 1)![0]).toBe(0xea);
    expect(memory.window(0xc_0000, 256 * 1024)).toEqual(rom);
  });

  test('a file that is no ROM is refused by name', () => {
    expect(() => planFirmware(`${firmware}README.md`, 'firmware')).toThrow(/README.md: \d+ bytes are no PC firmware/);
    expect(() => planFirmware(`${firmware}missing`, 'firmware')).toThrow(/ENOENT/);
  });

  test('is told the boot order, the memory above 4 GiB and where the menu goes', () => {
    const acpiTables = buildAcpiTables({ apicIds: [0] });
    const files = firmwareFiles({ memoryBytes: 4 * GiB, acpiTables, bootDevices: [10, 3], menu: true });
    const bytes = (name: string): Uint8Array => files.find((one) => one.name === name)!.bytes;
    expect(Buffer.from(bytes('bootorder')).toString()).toBe('/pci@i0cf8/*@a\n/pci@i0cf8/*@3\n\0');
    expect([...bytes('etc/sercon-port').subarray(0, 2)]).toEqual([0xf8, 0x03]);
    const e820 = new DataView(bytes('etc/e820').buffer);
    expect([e820.getBigUint64(20, true), e820.getBigUint64(28, true)]).toEqual([BigInt(4 * GiB), BigInt(GiB)]);
  });
});
