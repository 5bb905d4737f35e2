import { readSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { BootImage } from '../../../src-main/boot/boot-image.ts';
import { describeKernel } from '../../../src-main/boot/describe-kernel.ts';
import {
  ACPI_TABLES_START,
  COMMAND_LINE_ADDRESS,
  GDT_ADDRESS,
  MiB,
  PVH_START_INFO_ADDRESS,
} from '../../../src-main/vmm/layout.ts';
import {
  bytesAt,
  conflict,
  ELF_LOAD,
  type ElfSegment,
  elfKernel,
  failureCode,
  failureOf,
  fileOf,
  lengthOf,
  NOTE_AT,
  note,
  plan,
  pvhNote,
} from './kernel-images.ts';

const ENTRY = ELF_LOAD.paddr + 0x100;
const NOTE: ElfSegment = { type: 4, offset: NOTE_AT, paddr: 0, filesz: pvhNote(ENTRY).length, memsz: 0 };
const withLoads = (...loads: Partial<ElfSegment>[]) =>
  elfKernel({ segments: [...loads.map((load) => ({ ...ELF_LOAD, ...load })), NOTE] });

const startInfoOf = (image: BootImage) => bytesAt(image, PVH_START_INFO_ADDRESS);

describe('PVH entry', () => {
  test.each([32, 64] as const)(
    'PVH "CPU state": an ELF%i kernel starts at its note’s address, ebx at hvm_start_info',
    (bits) => {
      const image = plan(elfKernel({ bits, note: pvhNote(ENTRY, bits === 64 ? 8 : 4) }));
      expect(image.entry).toMatchObject({ mode: 'protected32', eip: ENTRY, ebx: PVH_START_INFO_ADDRESS });
      expect(conflict(image, 512 * MiB)).toBeUndefined();
    },
  );

  test('PVH "CPU state": the GDT has flat 32-bit code and data and a busy 32-bit TSS', () => {
    const gdt = bytesAt(plan(elfKernel()), GDT_ADDRESS);
    expect(gdt.getBigUint64(0x10, true)).toBe(0x00cf9b000000ffffn);
    expect(gdt.getBigUint64(0x20, true)).toBe(0x00008b0000000067n);
  });

  test('start_info.h: version 1 with command line, RSDP, memory map and one module', () => {
    const initrd = fileOf(new Uint8Array(10_000));
    const image = plan(elfKernel(), { initrd, acpiTables: new Uint8Array(64) });
    const start = startInfoOf(image);
    const u64 = (at: number) => Number(start.getBigUint64(at, true));
    expect(start.getUint32(0, true)).toBe(0x336ec578);
    expect(start.getUint32(4, true)).toBe(1);
    expect(start.getUint32(12, true)).toBe(1);
    expect(u64(24)).toBe(COMMAND_LINE_ADDRESS);
    expect(u64(32)).toBe(ACPI_TABLES_START);
    const modules = u64(16) - PVH_START_INFO_ADDRESS;
    expect([u64(modules), u64(modules + 8)]).toEqual([512 * MiB - 12_288, 10_000]);
    const map = u64(40) - PVH_START_INFO_ADDRESS;
    expect(start.getUint32(48, true)).toBe(6);
    expect([u64(map), u64(map + 8), start.getUint32(map + 16, true)]).toEqual([0, 0x9fc00, 1]);
  });

  test('start_info.h: without initrd and ACPI there are no modules and no RSDP', () => {
    const start = startInfoOf(plan(elfKernel()));
    expect(start.getUint32(12, true)).toBe(0);
    expect(start.getBigUint64(16, true)).toBe(0n);
    expect(start.getBigUint64(32, true)).toBe(0n);
  });

  test('gABI ch. 5: memory beyond a segment’s file bytes is loaded with zeros', () => {
    const image = plan(elfKernel());
    const [text, zeros] = image.segments.filter((segment) => 'fd' in segment);
    expect(text).toMatchObject({ gpa: ELF_LOAD.paddr, fileOffset: 0x1000, length: 0x2000 });
    expect(zeros?.gpa).toBe(ELF_LOAD.paddr + 0x2000);
    expect(zeros && lengthOf(zeros)).toBe(0x3000);
    const bytes = new Uint8Array(0x3000).fill(1);
    if (zeros !== undefined && 'fd' in zeros)
      expect(readSync(zeros.fd, bytes, 0, 0x3000, zeros.fileOffset)).toBe(0x3000);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    image.dispose();
  });

  test('the entry is found behind other notes', () => {
    const other = note('GNU', 3, new Uint8Array(20));
    const bytes = new Uint8Array([...other, ...note('Xen', 6, new Uint8Array(5)), ...pvhNote(ENTRY)]);
    expect(plan(elfKernel({ note: bytes })).entry).toMatchObject({ eip: ENTRY });
  });
});

describe('refused ELF files', () => {
  test('a kernel without the note is refused with what to do', () => {
    const failure = failureOf(() => plan(elfKernel({ note: note('GNU', 3, new Uint8Array(4)) })));
    expect(failure?.code).toBe('kernel-without-pvh');
    expect(failure?.hint).toContain('CONFIG_PVH=y');
  });

  test('a 64-bit vmlinux is refused on a 32-bit CPU', () => {
    expect(failureCode(() => plan(elfKernel(), { prefer32: true }))).toBe('kernel-needs-64-bit');
    expect(
      failureCode(() => plan(elfKernel({ bits: 32, note: pvhNote(ENTRY, 4) }), { prefer32: true })),
    ).toBeUndefined();
  });

  test.each([
    ['a shared library for aarch64', { machine: 183, type: 3 }, 'an ELF shared library for aarch64'],
    ['an object file', { type: 1 }, 'an ELF object file for x86-64'],
    ['a core dump', { type: 4 }, 'an ELF core dump for x86-64'],
  ])('%s, by name', (_what, shape, words) => {
    const failure = failureOf(() => plan(elfKernel(shape)));
    expect(failure?.code).toBe('kernel-not-a-kernel');
    expect(failure?.message).toContain(words);
  });

  test('a program with an interpreter', () => {
    const kernel = elfKernel({ segments: [ELF_LOAD, { ...NOTE, type: 3 }] });
    expect(failureCode(() => plan(kernel))).toBe('kernel-not-a-kernel');
  });

  test.each([
    ['no program headers', elfKernel({ count: 0 }), 'kernel-malformed'],
    ['65535 program headers', elfKernel({ count: 0xffff }), 'kernel-malformed'],
    ['program headers past the end', elfKernel({ count: 60, size: 0x900 }), 'kernel-truncated'],
    ['nothing to load', withLoads({ memsz: 0, filesz: 0 }), 'kernel-malformed'],
    ['segments that overlap', withLoads({}, { paddr: ELF_LOAD.paddr + 0x4fff }), 'kernel-malformed'],
    ['a segment below 1 MiB', withLoads({ paddr: 0x10000 }), 'kernel-malformed'],
    ['a segment above all memory', withLoads({ paddr: 2 ** 52 }), 'kernel-too-large-for-memory'],
    ['addresses beyond counting', withLoads({ paddr: 2 ** 63 }), 'kernel-malformed'],
    ['a segment beyond the machine’s memory', withLoads({ memsz: 600 * MiB }), 'kernel-too-large-for-memory'],
    ['more in the file than in memory', withLoads({ memsz: 0x1000 }), 'kernel-malformed'],
    ['file bytes past the end', withLoads({ offset: 0x3000 }), 'kernel-truncated'],
    ['file offsets beyond counting', withLoads({ offset: 2 ** 63 }), 'kernel-malformed'],
    ['an entry outside what is loaded', elfKernel({ note: pvhNote(0x7c00) }), 'kernel-malformed'],
    [
      'a note too short to hold an address',
      elfKernel({ note: note('Xen', 18, new Uint8Array(2)) }),
      'kernel-without-pvh',
    ],
  ])('%s', (_what, kernel, code) => {
    expect(failureCode(() => plan(kernel))).toBe(code);
  });

  test('what is wrong with its segments is said', () => {
    const message = (kernel: Uint8Array) => failureOf(() => plan(kernel))?.message;
    expect(message(withLoads({ paddr: 0x10000 }))).toContain('loaded below 1 MiB');
    expect(message(withLoads({}, {}))).toContain('segments overlap');
    expect(message(withLoads({ memsz: 600 * MiB }))).toContain('needs 616 MiB of memory to start, the machine has 512');
    expect(message(withLoads({ paddr: 2 ** 40 }))).toContain('where no machine has memory');
  });

  test('64 KiB of notes are not read', () => {
    const notes = { ...NOTE, offset: 0, filesz: 0x1_0001 };
    const kernel = elfKernel({ segments: [ELF_LOAD, notes], size: 0x2_0000 });
    expect(failureCode(() => plan(kernel))).toBe('kernel-malformed');
  });
});

test('describeKernel tells whether there is a PVH entry', () => {
  expect(describeKernel(fileOf(elfKernel()))).toMatchObject({ format: 'elf', needs64bit: true, pvh: true });
  const without = elfKernel({ bits: 32, note: note('GNU', 3, new Uint8Array(4)) });
  expect(describeKernel(fileOf(without))).toMatchObject({ format: 'elf', needs64bit: false, pvh: false });
});
