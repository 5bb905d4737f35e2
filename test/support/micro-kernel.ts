import { KERNEL_START } from '../guest/micro/kernels.ts';

/** System V gABI ch. 4 and 5, 32-bit. */
const ELF_HEADER = 52;
const PROGRAM_HEADER = 32;
const PT_LOAD = 1;
const PT_NOTE = 4;
const NOTE_AT = 0x100;
const CODE_AT = 0x1000;
/** Xen public/elfnote.h XEN_ELFNOTE_PHYS32_ENTRY. */
const PHYS32_ENTRY = 18;

/** A few bytes of 32-bit code as a vmlinux with a PVH note, which boots as a real kernel does. */
export function microKernel(code: Uint8Array): Uint8Array {
  const file = new Uint8Array(CODE_AT + code.length);
  const view = new DataView(file.buffer);
  const note = new Uint8Array(Uint32Array.of(4, 4, PHYS32_ENTRY, 0x006e_6558 /* "Xen" */, KERNEL_START).buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 3, true); // EM_386
  view.setUint32(20, 1, true);
  view.setUint32(24, KERNEL_START, true);
  view.setUint32(28, ELF_HEADER, true);
  view.setUint16(40, ELF_HEADER, true);
  view.setUint16(42, PROGRAM_HEADER, true);
  view.setUint16(44, 2, true);
  programHeader(view, 0, PT_LOAD, CODE_AT, KERNEL_START, code.length);
  programHeader(view, 1, PT_NOTE, NOTE_AT, 0, note.length);
  file.set(note, NOTE_AT);
  file.set(code, CODE_AT);
  return file;
}

function programHeader(
  view: DataView,
  index: number,
  type: number,
  offset: number,
  address: number,
  size: number,
): void {
  const fields = [type, offset, address, address, size, size, 7, 4];
  fields.forEach((value, i) => {
    view.setUint32(ELF_HEADER + index * PROGRAM_HEADER + i * 4, value, true);
  });
}
