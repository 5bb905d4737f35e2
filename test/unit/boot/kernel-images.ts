import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../../src-main/base/failure.ts';
import type { BootImage, Segment } from '../../../src-main/boot/boot-image.ts';
import type { BootRequest } from '../../../src-main/boot/boot-request.ts';
import { SETUP_FIELDS, type SetupField } from '../../../src-main/boot/linux-x86/setup-header.ts';
import { planBoot } from '../../../src-main/boot/plan-boot.ts';
import { MiB, ramRanges } from '../../../src-main/vmm/layout.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const folder = temporaryFolder('boot');
let files = 0;

/** A file with that content, gone after the test file. */
export function fileOf(bytes: Uint8Array | string): string {
  const path = join(folder, `file-${files++}`);
  writeFileSync(path, bytes);
  return path;
}

export const SETUP_SECTORS = 2;
export const CODE_OFFSET = (SETUP_SECTORS + 1) * 512;
export const CODE_LENGTH = 64 * 1024;
const VERSION_AT = 0x400;

/** A bzImage as a 64-bit Linux 6.x would be, protocol 2.15. */
export const HEADER_64: Readonly<Partial<Record<SetupField, number>>> = {
  setup_sects: SETUP_SECTORS,
  syssize: CODE_LENGTH / 16,
  boot_flag: 0xaa55,
  jump: 0x6aeb,
  header: 0x5372_6448,
  version: 0x20f,
  kernel_version: VERSION_AT - 0x200,
  loadflags: 1,
  initrd_addr_max: 0x7fff_ffff,
  kernel_alignment: 0x20_0000,
  relocatable_kernel: 1,
  min_alignment: 21,
  xloadflags: 0x3f,
  cmdline_size: 2047,
  pref_address: 16 * MiB,
  init_size: 32 * MiB,
};

/** A small i386 kernel: fixed at 1 MiB, no 64-bit entry. */
export const HEADER_32 = {
  ...HEADER_64,
  xloadflags: 0,
  relocatable_kernel: 0,
  initrd_addr_max: 0x37ff_ffff,
  pref_address: 1 * MiB,
  init_size: 6 * MiB,
};

export function bzImage(fields: Partial<Record<SetupField, number>> = {}, base = HEADER_64): Uint8Array {
  const bytes = new Uint8Array(CODE_OFFSET + CODE_LENGTH);
  const view = new DataView(bytes.buffer);
  for (const [field, value] of Object.entries({ ...base, ...fields }) as [SetupField, number][]) {
    const [offset, size] = SETUP_FIELDS[field];
    if (size === 8) view.setBigUint64(offset, BigInt(value), true);
    else if (size === 4) view.setUint32(offset, value, true);
    else if (size === 2) view.setUint16(offset, value, true);
    else view.setUint8(offset, value);
  }
  bytes.set(new TextEncoder().encode('6.9.0-test (someone@somewhere) #1'), VERSION_AT);
  return bytes;
}

export interface ElfSegment {
  type: number;
  offset: number;
  paddr: number;
  filesz: number;
  memsz: number;
}

export interface ElfShape {
  bits?: 32 | 64;
  machine?: number;
  type?: number;
  entry?: number;
  segments?: ElfSegment[];
  note?: Uint8Array;
  count?: number;
  size?: number;
}

export const NOTE_AT = 0x800;
export const ELF_LOAD: ElfSegment = { type: 1, offset: 0x1000, paddr: 16 * MiB, filesz: 0x2000, memsz: 0x5000 };

/** The note `name`/`type` with a description, as in a PT_NOTE segment (gABI ch. 5). */
export function note(name: string, type: number, description: Uint8Array): Uint8Array {
  const padded = (length: number) => Math.ceil(length / 4) * 4;
  const bytes = new Uint8Array(12 + padded(name.length + 1) + padded(description.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, name.length + 1, true);
  view.setUint32(4, description.length, true);
  view.setUint32(8, type, true);
  bytes.set(new TextEncoder().encode(name), 12);
  bytes.set(description, 12 + padded(name.length + 1));
  return bytes;
}

export function pvhNote(entry: number, bytes: 4 | 8 = 8): Uint8Array {
  const description = new Uint8Array(bytes);
  new DataView(description.buffer).setUint32(0, entry, true);
  return note('Xen', 18, description);
}

/** An ELF vmlinux with one loaded segment and a PVH note, unless told otherwise. */
export function elfKernel(shape: ElfShape = {}): Uint8Array {
  const { bits = 64, machine = bits === 64 ? 62 : 3, type = 2, size = 0x4000 } = shape;
  const notes = shape.note ?? pvhNote(ELF_LOAD.paddr + 0x100);
  const noteSegment = { type: 4, offset: NOTE_AT, paddr: 0, filesz: notes.length, memsz: notes.length };
  const segments = shape.segments ?? [ELF_LOAD, noteSegment];
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, bits / 32, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  const [headerSize, entrySize] = bits === 64 ? [64, 56] : [52, 32];
  if (bits === 64) view.setBigUint64(32, BigInt(headerSize), true);
  else view.setUint32(28, headerSize, true);
  view.setUint16(bits === 64 ? 54 : 42, entrySize, true);
  view.setUint16(bits === 64 ? 56 : 44, shape.count ?? segments.length, true);
  segments.forEach((segment, index) => {
    writeProgramHeader(view, headerSize + index * entrySize, bits, segment);
  });
  if (NOTE_AT + notes.length <= size) bytes.set(notes, NOTE_AT);
  return bytes;
}

function writeProgramHeader(view: DataView, at: number, bits: 32 | 64, segment: ElfSegment): void {
  const { offset, paddr, filesz, memsz } = segment;
  view.setUint32(at, segment.type, true);
  const fields =
    bits === 64 ? { 8: offset, 24: paddr, 32: filesz, 40: memsz } : { 4: offset, 12: paddr, 16: filesz, 20: memsz };
  for (const [place, value] of Object.entries(fields)) {
    if (bits === 64) view.setBigUint64(at + Number(place), BigInt(value), true);
    else view.setUint32(at + Number(place), value, true);
  }
}

export function plan(kernel: Uint8Array | string, request: Partial<BootRequest> = {}): BootImage {
  const path = typeof kernel === 'string' ? kernel : fileOf(kernel);
  return planBoot({
    kernel: path,
    commandLine: 'console=ttyS0',
    memoryBytes: 512 * MiB,
    acpiTables: undefined,
    ...request,
  });
}

export function lengthOf(segment: Segment): number {
  return 'bytes' in segment ? segment.bytes.length : segment.length;
}

/** The in-memory segment at `gpa`. */
export function bytesAt(image: BootImage, gpa: number): DataView {
  const segment = image.segments.find((candidate) => candidate.gpa === gpa);
  if (segment === undefined || !('bytes' in segment)) throw new Error(`no bytes at 0x${gpa.toString(16)}`);
  return new DataView(segment.bytes.buffer, segment.bytes.byteOffset, segment.bytes.length);
}

/** Why the segments of an image cannot be loaded together; undefined when they can. */
export function conflict(image: BootImage, memoryBytes: number): string | undefined {
  const spans = image.segments.map((segment) => ({ start: segment.gpa, end: segment.gpa + lengthOf(segment) }));
  spans.sort((a, b) => a.start - b.start);
  const ranges = ramRanges(memoryBytes);
  for (const [index, { start, end }] of spans.entries()) {
    const inRam = ranges.some(({ gpa, size }) => start >= gpa && end <= gpa + size);
    if (!inRam) return `0x${start.toString(16)}–0x${end.toString(16)} is not RAM`;
    const next = spans[index + 1];
    if (next !== undefined && next.start < end)
      return `0x${start.toString(16)} and 0x${next.start.toString(16)} overlap`;
  }
  return undefined;
}

/** The code of the failure that `body` throws; anything else it throws is thrown on. */
export function failureCode(body: () => unknown): string | undefined {
  return failureOf(body)?.code;
}

export function failureOf(body: () => unknown): Failure | undefined {
  try {
    body();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
