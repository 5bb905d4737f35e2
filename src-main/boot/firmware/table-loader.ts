import { ACPI_TABLES_START } from '../../vmm/layout.ts';

/** Names under which firmware finds the pieces (SeaBIOS 1.16 src/fw/romfile_loader.c, QEMU 7.2 hw/acpi/bios-linker-loader.c). */
const TABLES_FILE = 'etc/acpi/tables';
const RSDP_FILE = 'etc/acpi/rsdp';
const LOADER_FILE = 'etc/table-loader';

/** struct BiosLinkerLoaderEntry: a command, its arguments, 128 bytes in all. */
const ENTRY_BYTES = 128;
const FILE_NAME_BYTES = 56;
const COMMAND = { allocate: 1, addPointer: 2, addChecksum: 3 } as const;
const ZONE = { high: 1, fSegment: 2 } as const;
const TABLES_ALIGNMENT = 64;
const RSDP_ALIGNMENT = 16;

/** ACPI 6.4 §5.2.5.3, §5.2.6, §5.2.9. */
const RSDP = { length: 36, checksum: 8, checkedBytes: 20, rsdt: 16, xsdt: 24, extendedChecksum: 32 } as const;
const HEADER = { length: 4, checksum: 9, bytes: 36 } as const;
const FADT = { facs: 36, dsdt: 40, xDsdt: 140 } as const;

interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * ACPI tables, built for `ACPI_TABLES_START`, as files for firmware that puts them where it likes: their pointers become
 * offsets, and a script says where to add the place it chose and which checksums to make right again.
 * @param area from `buildAcpiTables`: RSDP first
 */
export function relocatableTables(area: Uint8Array): NamedBytes[] {
  const tables = area.slice();
  const script = new LoaderScript();
  script.allocate(RSDP_FILE, RSDP_ALIGNMENT, ZONE.fSegment);
  script.allocate(TABLES_FILE, TABLES_ALIGNMENT, ZONE.high);
  const view = new DataView(tables.buffer);
  const rsdt = view.getUint32(RSDP.rsdt, true) - ACPI_TABLES_START;
  const xsdt = Number(view.getBigUint64(RSDP.xsdt, true)) - ACPI_TABLES_START;
  const at = (pointer: number): number => view.getUint32(pointer, true) - ACPI_TABLES_START;

  const listed = pointersIn(view, rsdt, 4);
  for (const pointer of listed) {
    const table = at(pointer);
    if (signatureAt(tables, table) !== 'FACP') continue;
    relocate(tables, script, table, [table + FADT.facs, table + FADT.dsdt], [table + FADT.xDsdt]);
  }
  relocate(tables, script, rsdt, listed, []);
  relocate(tables, script, xsdt, [], pointersIn(view, xsdt, 8));
  return [
    { name: RSDP_FILE, bytes: relocatableRoot(tables.slice(0, RSDP.length), script, rsdt, xsdt) },
    { name: TABLES_FILE, bytes: tables },
    { name: LOADER_FILE, bytes: script.bytes },
  ];
}

/** Makes a table's pointers relative, and has the firmware undo that. */
function relocate(
  tables: Uint8Array,
  script: LoaderScript,
  table: number,
  narrow: readonly number[],
  wide: readonly number[],
): void {
  const view = new DataView(tables.buffer);
  for (const pointer of narrow) {
    view.setUint32(pointer, view.getUint32(pointer, true) - ACPI_TABLES_START, true);
    script.addPointer(TABLES_FILE, pointer, 4);
  }
  for (const pointer of wide) {
    view.setBigUint64(pointer, view.getBigUint64(pointer, true) - BigInt(ACPI_TABLES_START), true);
    script.addPointer(TABLES_FILE, pointer, 8);
  }
  tables[table + HEADER.checksum] = 0;
  script.addChecksum(TABLES_FILE, table + HEADER.checksum, table, view.getUint32(table + HEADER.length, true));
}

function relocatableRoot(rsdp: Uint8Array, script: LoaderScript, rsdt: number, xsdt: number): Uint8Array {
  const view = new DataView(rsdp.buffer);
  view.setUint32(RSDP.rsdt, rsdt, true);
  view.setBigUint64(RSDP.xsdt, BigInt(xsdt), true);
  rsdp[RSDP.checksum] = 0;
  rsdp[RSDP.extendedChecksum] = 0;
  script.addPointer(RSDP_FILE, RSDP.rsdt, 4);
  script.addPointer(RSDP_FILE, RSDP.xsdt, 8);
  script.addChecksum(RSDP_FILE, RSDP.checksum, 0, RSDP.checkedBytes);
  script.addChecksum(RSDP_FILE, RSDP.extendedChecksum, 0, RSDP.length);
  return rsdp;
}

/** Where the pointers of an RSDT or XSDT lie. */
function pointersIn(view: DataView, table: number, size: number): number[] {
  const count = (view.getUint32(table + HEADER.length, true) - HEADER.bytes) / size;
  return Array.from({ length: count }, (_, index) => table + HEADER.bytes + index * size);
}

function signatureAt(tables: Uint8Array, table: number): string {
  return String.fromCharCode(...tables.subarray(table, table + 4));
}

class LoaderScript {
  private readonly entries: Uint8Array[] = [];

  get bytes(): Uint8Array {
    return Buffer.concat(this.entries);
  }

  allocate(file: string, alignment: number, zone: number): void {
    const view = this.entry(COMMAND.allocate, file);
    view.setUint32(4 + FILE_NAME_BYTES, alignment, true);
    view.setUint8(8 + FILE_NAME_BYTES, zone);
  }

  /** All pointers lead into the tables. */
  addPointer(file: string, offset: number, size: number): void {
    const view = this.entry(COMMAND.addPointer, file, TABLES_FILE);
    view.setUint32(4 + 2 * FILE_NAME_BYTES, offset, true);
    view.setUint8(8 + 2 * FILE_NAME_BYTES, size);
  }

  addChecksum(file: string, offset: number, start: number, length: number): void {
    const view = this.entry(COMMAND.addChecksum, file);
    view.setUint32(4 + FILE_NAME_BYTES, offset, true);
    view.setUint32(8 + FILE_NAME_BYTES, start, true);
    view.setUint32(12 + FILE_NAME_BYTES, length, true);
  }

  private entry(command: number, ...files: string[]): DataView {
    const bytes = new Uint8Array(ENTRY_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, command, true);
    files.forEach((file, index) => {
      bytes.set(new TextEncoder().encode(file), 4 + index * FILE_NAME_BYTES);
    });
    this.entries.push(bytes);
    return view;
  }
}
