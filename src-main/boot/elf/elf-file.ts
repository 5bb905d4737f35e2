import { startsWith } from '../file-kind.ts';
import { kernelMalformed } from '../kernel-refusals.ts';
import type { PayloadFile } from '../payload-file.ts';

/** System V gABI ch. 4 "ELF Header", ch. 5 "Program Header". */
export const ET = { exec: 2, dyn: 3 } as const;
export const EM = { i386: 3, x86_64: 62 } as const;
export const PT = { load: 1, interp: 3, note: 4 } as const;

const CLASS_32 = 1;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
/** A vmlinux has about five; more than this is an attack on whoever reads them. */
const MOST_PROGRAM_HEADERS = 64;

export interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly paddr: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly align: number;
}

export interface ElfFile {
  readonly bits: 32 | 64;
  readonly type: number;
  readonly machine: number;
  readonly entry: number;
  readonly programHeaders: readonly ProgramHeader[];
}

export function isElf(head: Uint8Array): boolean {
  return startsWith(head, 0, '\x7fELF');
}

interface Layout {
  readonly headerSize: number;
  readonly entrySize: number;
  word(view: DataView, at32: number, at64: number): number;
}

const LAYOUT_32: Layout = { headerSize: 52, entrySize: 32, word: (view, at32) => view.getUint32(at32, true) };
const LAYOUT_64: Layout = {
  headerSize: 64,
  entrySize: 56,
  word: (view, _at32, at64) => Number(view.getBigUint64(at64, true)),
};

/** ELF and program headers, for x86 only; every range they name lies within the file. */
export function readElf(kernel: PayloadFile, head: Uint8Array): ElfFile {
  if (head.length < LAYOUT_64.headerSize) throw kernel.truncated(LAYOUT_64.headerSize);
  const [elfClass, order] = [head[4], head[5]];
  if (order !== LITTLE_ENDIAN || (elfClass !== CLASS_32 && elfClass !== CLASS_64)) {
    throw kernelMalformed(kernel, 'its ELF header is neither 32-bit nor 64-bit little-endian');
  }
  const layout = elfClass === CLASS_64 ? LAYOUT_64 : LAYOUT_32;
  const view = viewOf(head);
  const table = {
    offset: layout.word(view, 28, 32),
    entrySize: view.getUint16(elfClass === CLASS_64 ? 54 : 42, true),
    count: view.getUint16(elfClass === CLASS_64 ? 56 : 44, true),
  };
  return {
    bits: elfClass === CLASS_64 ? 64 : 32,
    type: view.getUint16(16, true),
    machine: view.getUint16(18, true),
    entry: layout.word(view, 24, 24),
    programHeaders: readProgramHeaders(kernel, layout, table),
  };
}

function readProgramHeaders(
  kernel: PayloadFile,
  layout: Layout,
  table: { offset: number; entrySize: number; count: number },
): ProgramHeader[] {
  const { offset, entrySize, count } = table;
  if (count === 0) throw kernelMalformed(kernel, 'it has no program headers, so nothing to load');
  if (count > MOST_PROGRAM_HEADERS) throw kernelMalformed(kernel, `it has ${count} program headers`);
  if (entrySize !== layout.entrySize) throw kernelMalformed(kernel, `its program headers have ${entrySize} bytes each`);
  const length = count * entrySize;
  requireInFile(kernel, offset, length);
  const bytes = kernel.read(offset, length);
  if (bytes.length < length) throw kernel.truncated(offset + length);
  const headers = Array.from({ length: count }, (_, index) => {
    return programHeader(layout, viewOf(bytes.subarray(index * entrySize, (index + 1) * entrySize)));
  });
  for (const { type, offset, filesz, memsz } of headers) {
    if (type !== PT.load && type !== PT.note) continue;
    requireInFile(kernel, offset, filesz);
    if (type === PT.load && filesz > memsz)
      throw kernelMalformed(kernel, 'a segment is larger in the file than in memory');
  }
  return headers;
}

function programHeader({ word }: Layout, view: DataView): ProgramHeader {
  return {
    type: view.getUint32(0, true),
    offset: word(view, 4, 8),
    paddr: word(view, 12, 24),
    filesz: word(view, 16, 32),
    memsz: word(view, 20, 40),
    align: word(view, 28, 48),
  };
}

function requireInFile(kernel: PayloadFile, offset: number, length: number): void {
  const end = offset + length;
  if (!Number.isSafeInteger(end)) throw kernelMalformed(kernel, 'its headers point outside any file');
  if (end > kernel.size) throw kernel.truncated(end);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
