import { truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeKernel } from '../../../src-main/boot/describe-kernel.ts';
import {
  ACPI_TABLES_START,
  BOOT_PARAMS_ADDRESS,
  COMMAND_LINE_ADDRESS,
  GDT_ADDRESS,
  GiB,
  MiB,
  PAGE_TABLES_ADDRESS,
} from '../../../src-main/vmm/layout.ts';
import {
  bytesAt,
  bzImage,
  CODE_LENGTH,
  CODE_OFFSET,
  conflict,
  failureCode,
  failureOf,
  fileOf,
  HEADER_32,
  lengthOf,
  plan,
} from './kernel-images.ts';

const kernel32 = (fields = {}) => bzImage(fields, HEADER_32);

function e820(params: DataView) {
  return Array.from({ length: params.getUint8(0x1e8) }, (_, index) => {
    const at = 0x2d0 + index * 20;
    const [start, size] = [Number(params.getBigUint64(at, true)), Number(params.getBigUint64(at + 8, true))];
    return { start, end: start + size, type: params.getUint32(at + 16, true) };
  });
}

describe('entry', () => {
  test('boot.rst "64-bit boot protocol": entered 0x200 into the code, rsi at boot_params, 4 GiB mapped', () => {
    const image = plan(bzImage());
    expect(image.entry).toMatchObject({ mode: 'long64', rip: 16 * MiB + 0x200, rsi: BOOT_PARAMS_ADDRESS });
    expect(image.description).toBe('Linux 6.9.0-test (bzImage, 64-bit entry)');
    const tables = bytesAt(image, PAGE_TABLES_ADDRESS);
    const entry = (table: number, index: number) => Number(tables.getBigUint64(table * 4096 + index * 8, true));
    expect(entry(0, 0)).toBe(PAGE_TABLES_ADDRESS + 0x1000 + 3);
    for (const [gib, index] of [
      [0, 0],
      [0, 8],
      [3, 511],
    ] as const) {
      expect(entry(1, gib)).toBe(PAGE_TABLES_ADDRESS + (2 + gib) * 4096 + 3);
      expect(entry(2 + gib, index)).toBe(gib * GiB + index * 2 * MiB + 0x83);
    }
    expect(entry(1, 4)).toBe(0);
  });

  test('boot.rst "64-bit boot protocol": __BOOT_CS is 64-bit code, __BOOT_DS is data', () => {
    const gdt = bytesAt(plan(bzImage()), GDT_ADDRESS);
    expect(gdt.getBigUint64(0x10, true)).toBe(0x00af9b000000ffffn);
    expect(gdt.getBigUint64(0x18, true)).toBe(0x00cf93000000ffffn);
  });

  test('boot.rst "32-bit boot protocol": entered at the code, esi at boot_params, ebx zero, 4 GiB code segment', () => {
    const image = plan(kernel32(), { prefer32: true });
    expect(image.entry).toMatchObject({ mode: 'protected32', eip: MiB, esi: BOOT_PARAMS_ADDRESS, ebx: 0 });
    expect(bytesAt(image, GDT_ADDRESS).getBigUint64(0x10, true)).toBe(0x00cf9b000000ffffn);
  });

  test('a 64-bit kernel is entered through its 32-bit entry on request', () => {
    const image = plan(bzImage(), { use32BitEntry: true });
    expect(image.entry).toMatchObject({ mode: 'protected32', eip: 16 * MiB });
  });

  test('a 64-bit kernel is refused on a 32-bit CPU, and the reason says so', () => {
    const failure = failureOf(() => plan(bzImage(), { prefer32: true }));
    expect(failure?.code).toBe('kernel-needs-64-bit');
    expect(failure?.message).toContain('this kernel needs a 64-bit CPU; the translating accelerator has a 32-bit one');
  });
});

describe('boot_params', () => {
  test('boot.rst "Details of Header Fields": the obligatory fields are filled in, the page is otherwise clean', () => {
    const initrd = fileOf(new Uint8Array(5000));
    const params = bytesAt(plan(bzImage(), { initrd }), BOOT_PARAMS_ADDRESS);
    expect(params.getUint8(0x210)).toBe(0xff);
    expect(params.getUint8(0x211)).toBe(0x81);
    expect(params.getUint16(0x224, true)).toBe(0xde00);
    expect(params.getUint32(0x214, true)).toBe(16 * MiB);
    expect(params.getUint32(0x228, true)).toBe(COMMAND_LINE_ADDRESS);
    expect(params.getUint32(0x21c, true)).toBe(5000);
    expect(params.getUint32(0x202, true)).toBe(0x53726448);
    expect(new Uint8Array(params.buffer, 0, 0x1e8).every((byte) => byte === 0)).toBe(true);
    expect(params.getUint8(0x1ef)).toBe(0);
  });

  test.each([
    [0x20d, 0],
    [0x20e, ACPI_TABLES_START],
  ])('boot.rst acpi_rsdp_addr: protocol %i gets %i', (version, rsdp) => {
    const image = plan(bzImage({ version }), { acpiTables: new Uint8Array(100) });
    expect(Number(bytesAt(image, BOOT_PARAMS_ADDRESS).getBigUint64(0x70, true))).toBe(rsdp);
    expect(bytesAt(image, ACPI_TABLES_START).byteLength).toBe(100);
  });

  test.each([16, 64, 512, 3072, 3073, 8192])('ACPI 6.4 §15: E820 for %i MiB is sorted, apart, and adds up', (mib) => {
    const map = e820(bytesAt(plan(kernel32(), { memoryBytes: mib * MiB }), BOOT_PARAMS_ADDRESS));
    for (const [index, range] of map.entries()) expect(range.start).toBeGreaterThanOrEqual(map[index - 1]?.end ?? 0);
    const ram = map.filter(({ type }) => type === 1);
    const total = ram.reduce((sum, { start, end }) => sum + end - start, 0);
    expect(total).toBe(mib * MiB - MiB + 0x9fc00);
    expect(ram[0]).toEqual({ start: 0, end: 0x9fc00, type: 1 });
    expect(ram[1]).toEqual({ start: MiB, end: Math.min(mib * MiB, 3 * GiB), type: 1 });
    expect(ram[2]?.start).toBe(mib > 3072 ? 4 * GiB : undefined);
    expect(map).toContainEqual({ start: 0xe0000, end: 0x100000, type: 2 });
  });
});

describe('placement', () => {
  test('boot.rst pref_address: a relocatable kernel is loaded where it prefers, aligned', () => {
    const image = plan(bzImage({ pref_address: 17 * MiB }));
    const code = image.segments.find((segment) => 'fd' in segment);
    expect(code).toMatchObject({ gpa: 18 * MiB, fileOffset: CODE_OFFSET, length: CODE_LENGTH });
  });

  test('boot.rst pref_address: a kernel that is not relocatable is loaded at 1 MiB and moves itself', () => {
    const initrd = fileOf(new Uint8Array(MiB));
    const image = plan(kernel32({ pref_address: 4 * MiB }), { initrd, memoryBytes: 16 * MiB });
    const [code, ramdisk] = image.segments.filter((segment) => 'fd' in segment);
    expect(code?.gpa).toBe(MiB);
    expect(ramdisk?.gpa).toBe(15 * MiB);
  });

  test('boot.rst init_size: memory that ends before the kernel can run is refused, with what it takes', () => {
    const failure = failureOf(() => plan(bzImage(), { memoryBytes: 47 * MiB }));
    expect(failure?.code).toBe('kernel-too-large-for-memory');
    expect(failure?.hint).toBe('give the machine at least 48 MiB');
    expect(conflict(plan(bzImage(), { memoryBytes: 48 * MiB }), 48 * MiB)).toBeUndefined();
  });

  test.each([1, 4095, 4096, 4097, 3 * MiB])('an initrd of %i bytes ends as high as a page boundary allows', (size) => {
    const image = plan(bzImage(), { initrd: fileOf(new Uint8Array(size)) });
    const last = image.segments.findLast((segment) => 'fd' in segment);
    expect(last?.gpa).toBe(512 * MiB - Math.ceil(size / 4096) * 4096);
    expect(last && lengthOf(last)).toBe(size);
  });

  test('boot.rst initrd_addr_max: no byte of the initrd lies above it', () => {
    const image = plan(kernel32(), { initrd: fileOf(new Uint8Array(131072)), memoryBytes: 8 * GiB });
    expect(image.segments.findLast((segment) => 'fd' in segment)?.gpa).toBe(0x37fe0000);
  });

  test('an initrd that fits to the page is taken, one page more is refused with what it takes', () => {
    const initrd = fileOf('');
    truncateSync(initrd, 16 * MiB);
    expect(conflict(plan(bzImage(), { initrd, memoryBytes: 64 * MiB }), 64 * MiB)).toBeUndefined();
    truncateSync(initrd, 16 * MiB + 1);
    const failure = failureOf(() => plan(kernel32(), { initrd, memoryBytes: 16 * MiB }));
    expect(failure?.code).toBe('initrd-too-large');
    expect(failure?.hint).toBe('give the machine at least 24 MiB, and more for unpacking it');
  });

  test('an initrd larger than the kernel can reach is refused whatever the memory', () => {
    const initrd = fileOf('');
    truncateSync(initrd, GiB);
    const failure = failureOf(() => plan(kernel32(), { initrd, memoryBytes: 8 * GiB }));
    expect(failure?.code).toBe('initrd-too-large');
    expect(failure?.message).toContain('more than this kernel can take');
  });

  test('an empty initrd is refused', () => {
    expect(failureCode(() => plan(bzImage(), { initrd: fileOf('') }))).toBe('initrd-empty');
  });

  test('boot.rst syssize: what follows the code in the file, such as a signature, is not loaded', () => {
    const signed = new Uint8Array(CODE_OFFSET + CODE_LENGTH + 3000);
    signed.set(bzImage());
    const code = plan(signed).segments.find((segment) => 'fd' in segment);
    expect(code && lengthOf(code)).toBe(CODE_LENGTH);
  });
});

describe('command line', () => {
  test('boot.rst "The Kernel Command Line": zero-terminated, in UTF-8', () => {
    const line = bytesAt(plan(bzImage(), { commandLine: 'quiet ü' }), COMMAND_LINE_ADDRESS);
    expect(new TextDecoder().decode(line)).toBe('quiet ü\0');
  });

  test('boot.rst cmdline_size: the kernel’s limit holds, counted in bytes', () => {
    const kernel = bzImage({ cmdline_size: 255 });
    expect(failureCode(() => plan(kernel, { commandLine: 'x'.repeat(255) }))).toBeUndefined();
    expect(failureCode(() => plan(kernel, { commandLine: 'x'.repeat(256) }))).toBe('command-line-too-long');
    expect(failureCode(() => plan(kernel, { commandLine: 'ü'.repeat(128) }))).toBe('command-line-too-long');
  });

  test('ours holds where the kernel would take more', () => {
    const kernel = bzImage({ cmdline_size: 0xffff_ffff });
    expect(failureCode(() => plan(kernel, { commandLine: 'x'.repeat(2047) }))).toBeUndefined();
    expect(failureCode(() => plan(kernel, { commandLine: 'x'.repeat(2048) }))).toBe('command-line-too-long');
  });

  test('a NUL character is refused', () => {
    expect(failureCode(() => plan(bzImage(), { commandLine: 'a\0b' }))).toBe('command-line-invalid');
  });
});

describe('refused headers', () => {
  test.each([
    ['protocol 2.09, before pref_address', { version: 0x209 }, 'kernel-too-old'],
    ['a zImage', { loadflags: 0 }, 'kernel-too-old'],
    ['no code', { syssize: 0 }, 'kernel-malformed'],
    ['more code than the file has', { syssize: CODE_LENGTH }, 'kernel-truncated'],
    ['more setup sectors than the file has', { setup_sects: 255 }, 'kernel-truncated'],
    ['an alignment that is no power of two', { kernel_alignment: 3 }, 'kernel-malformed'],
    ['no alignment', { kernel_alignment: 0 }, 'kernel-malformed'],
    ['a preferred address above 4 GiB', { pref_address: 2 ** 40 }, 'kernel-malformed'],
    ['an absurd init_size', { init_size: 0xffff_ffff }, 'kernel-too-large-for-memory'],
  ])('%s', (_what, fields, code) => {
    expect(failureCode(() => plan(bzImage(fields)))).toBe(code);
  });
});

describe('describeKernel', () => {
  test('boot.rst kernel_version: tells version and what CPU it needs', () => {
    expect(describeKernel(fileOf(bzImage()))).toEqual({
      format: 'bzImage',
      version: '6.9.0-test (someone@somewhere) #1',
      needs64bit: true,
      has32bitEntry: true,
      pvh: false,
    });
    expect(describeKernel(fileOf(kernel32())).needs64bit).toBe(false);
  });

  test.each([0, 0xffff, CODE_OFFSET])(
    'boot.rst kernel_version: %i tells nothing, and does no harm',
    (kernel_version) => {
      expect(describeKernel(fileOf(bzImage({ kernel_version }))).version).toBeUndefined();
    },
  );
});
