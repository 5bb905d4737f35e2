import { closeSync, openSync } from 'node:fs';
import type { Owner } from '../../base/disposable.ts';
import { ACPI_TABLES_START, BOOT_STACK_TOP, PVH_START_INFO_ADDRESS } from '../../vmm/layout.ts';
import type { Segment } from '../boot-image.ts';
import type { BootPlan, OpenedRequest } from '../boot-request.ts';
import { commandLineSegment } from '../command-line.ts';
import { type ElfFile, EM, ET, type ProgramHeader, PT, readElf } from '../elf/elf-file.ts';
import { readNotes } from '../elf/notes.ts';
import { fileKind } from '../file-kind.ts';
import { flatGdt } from '../flat-gdt.ts';
import { placeInitrd } from '../initrd.ts';
import { kernelMalformed, kernelNeeds64Bit, kernelTooLarge } from '../kernel-refusals.ts';
import { memoryMap } from '../memory-map.ts';
import type { PayloadFile } from '../payload-file.ts';
import { PAYLOAD_START, RamPlan } from '../ram-plan.ts';
import { startInfo } from './start-info.ts';

/** Xen public/elfnote.h: the 32-bit physical address a PVH guest is entered at. */
const XEN_ELFNOTE_PHYS32_ENTRY = 18;
/** A vmlinux has less than a page of notes. */
const MOST_NOTE_BYTES = 64 * 1024;
/** i386 Linux reaches its initrd only through its direct map (boot.rst initrd_addr_max's usual value). */
const INITRD_MAX_32 = 0x37ff_ffff;
const INITRD_MAX_64 = 0xffff_ffff;

export interface Vmlinux {
  readonly elf: ElfFile;
  /** Undefined when the kernel was built without PVH. */
  readonly pvhEntry: number | undefined;
}

/** Reads and checks ELF headers and notes; refuses what is not an x86 executable. */
export function readVmlinux(kernel: PayloadFile, head: Uint8Array): Vmlinux {
  const [machine, type] = [elfWord(head, 18), elfWord(head, 16)];
  const isX86 = machine === EM.i386 || machine === EM.x86_64;
  if (!isX86 || (type !== ET.exec && type !== ET.dyn)) {
    throw kernel.failure('kernel-not-a-kernel', `this is ${fileKind(head)}, not a kernel for x86`);
  }
  const elf = readElf(kernel, head);
  if (elf.programHeaders.some(({ type: kind }) => kind === PT.interp)) {
    throw kernel.failure('kernel-not-a-kernel', 'this is an ELF program for an operating system, not a kernel');
  }
  return { elf, pvhEntry: findPvhEntry(kernel, elf) };
}

/** The PVH boot protocol (Xen docs/misc/pvh.pandoc): protected mode, paging off, ebx at hvm_start_info. */
export function planVmlinux(request: OpenedRequest, owner: Owner): BootPlan {
  const { kernel, acpiTables } = request;
  const { elf, pvhEntry } = readVmlinux(kernel, request.head);
  const is64Bit = elf.machine === EM.x86_64;
  if (is64Bit && request.prefer32 === true) throw kernelNeeds64Bit(kernel);
  if (pvhEntry === undefined) {
    const what = elf.type === ET.dyn ? fileKind(request.head) : 'an ELF kernel';
    throw kernel.failure('kernel-without-pvh', `this is ${what} without a PVH entry`, {
      hint: 'boot its bzImage (arch/x86/boot/bzImage) instead, or build it with CONFIG_PVH=y',
    });
  }
  const commandLine = commandLineSegment(request.commandLine);
  const ram = new RamPlan(request.memoryBytes);
  const loads = elf.programHeaders.filter(({ type, memsz }) => type === PT.load && memsz > 0);
  const kernelEnd = takeLoads(kernel, ram, loads);
  if (!loads.some(({ paddr, memsz }) => pvhEntry >= paddr && pvhEntry < paddr + memsz)) {
    throw kernelMalformed(kernel, `its PVH entry 0x${pvhEntry.toString(16)} lies outside what it loads`);
  }
  const initrdMax = is64Bit ? INITRD_MAX_64 : INITRD_MAX_32;
  const initrd = request.initrd && placeInitrd(request.initrd, ram, kernelEnd, initrdMax);

  const gdt = flatGdt('protected32');
  const memory = memoryMap(request.memoryBytes);
  const segments: Segment[] = [
    gdt.segment,
    startInfo({ initrd, memory, hasAcpi: acpiTables !== undefined }),
    commandLine,
    ...loadSegments(kernel, loads, owner),
  ];
  if (initrd !== undefined) segments.push(initrd.segment);
  if (acpiTables !== undefined) segments.push({ gpa: ACPI_TABLES_START, bytes: acpiTables });
  return {
    description: `vmlinux (ELF${elf.bits}, PVH entry)`,
    segments,
    entry: {
      mode: 'protected32',
      eip: pvhEntry,
      esi: 0,
      ebx: PVH_START_INFO_ADDRESS,
      esp: BOOT_STACK_TOP,
      gdt: gdt.table,
    },
  };
}

/** Takes the memory of all segments; returns where the last one ends. */
function takeLoads(kernel: PayloadFile, ram: RamPlan, loads: readonly ProgramHeader[]): number {
  if (loads.length === 0) throw kernelMalformed(kernel, 'it has no segments to load');
  const end = Math.max(...loads.map(({ paddr, memsz }) => paddr + memsz));
  if (!Number.isSafeInteger(end)) throw kernelMalformed(kernel, 'its segments lie outside any memory');
  const lowest = Math.min(...loads.map(({ paddr }) => paddr));
  if (lowest < PAYLOAD_START) {
    throw kernelMalformed(kernel, 'it wants to be loaded below 1 MiB, where the boot structures lie');
  }
  if (end > ram.end) throw kernelTooLarge(kernel, ram, end);
  for (const { paddr, memsz } of loads) {
    if (!ram.take(paddr, memsz)) throw kernelMalformed(kernel, 'its segments overlap in memory');
  }
  return end;
}

/** File bytes, and zeros after them up to memsz: read from /dev/zero, so that a reset clears them again. */
function loadSegments(kernel: PayloadFile, loads: readonly ProgramHeader[], owner: Owner): Segment[] {
  const segments: Segment[] = [];
  let zeroFd: number | undefined;
  for (const { paddr, offset, filesz, memsz } of loads) {
    if (filesz > 0) segments.push({ gpa: paddr, fd: kernel.fd, fileOffset: offset, length: filesz });
    if (memsz === filesz) continue;
    zeroFd ??= openZero(owner);
    segments.push({ gpa: paddr + filesz, fd: zeroFd, fileOffset: 0, length: memsz - filesz });
  }
  return segments;
}

function openZero(owner: Owner): number {
  const fd = openSync('/dev/zero', 'r');
  owner.defer(() => closeSync(fd));
  return fd;
}

function findPvhEntry(kernel: PayloadFile, elf: ElfFile): number | undefined {
  for (const { type, offset, filesz, align } of elf.programHeaders) {
    if (type !== PT.note) continue;
    if (filesz > MOST_NOTE_BYTES) throw kernelMalformed(kernel, `it has ${filesz} bytes of notes`);
    for (const note of readNotes(kernel.read(offset, filesz), align)) {
      if (note.name !== 'Xen' || note.type !== XEN_ELFNOTE_PHYS32_ENTRY || note.description.length < 4) continue;
      const { description } = note;
      return new DataView(description.buffer, description.byteOffset, 4).getUint32(0, true);
    }
  }
  return undefined;
}

function elfWord(head: Uint8Array, at: number): number {
  return (head[at] ?? 0) | ((head[at + 1] ?? 0) << 8);
}
