import {
  ACPI_TABLES_START,
  BOOT_PARAMS_ADDRESS,
  BOOT_STACK_TOP,
  COMMAND_LINE_MAX,
  KERNEL_LOAD_ADDRESS,
} from '../../vmm/layout.ts';
import type { Entry, Segment, Table } from '../boot-image.ts';
import type { BootPlan, OpenedRequest } from '../boot-request.ts';
import { commandLineSegment } from '../command-line.ts';
import { flatGdt } from '../flat-gdt.ts';
import { placeInitrd } from '../initrd.ts';
import { kernelMalformed, kernelNeeds64Bit, kernelTooLarge } from '../kernel-refusals.ts';
import { memoryMap } from '../memory-map.ts';
import type { PayloadFile } from '../payload-file.ts';
import { RamPlan } from '../ram-plan.ts';
import { bootParams } from './boot-params.ts';
import { identityTables } from './page-tables.ts';
import { BOOT_FLAG, HEADER_MAGIC, LOADFLAG, SETUP_FIELDS, SetupHeader, XLOADFLAG } from './setup-header.ts';

const SECTOR = 512;
/** boot.rst setup_sects: 0 means 4, for very old kernels. */
const DEFAULT_SETUP_SECTORS = 4;
/** pref_address and init_size appeared in 2.10, Linux 2.6.31: without them nobody can say where the kernel will run. */
const OLDEST_PROTOCOL = 0x20a;
/** boot.rst "64-bit boot protocol": the 64-bit entry lies this far into the protected-mode code. */
const ENTRY_64 = 0x200;
/** boot.rst initrd_addr_max, when the field says nothing. */
const DEFAULT_INITRD_MAX = 0x37ff_ffff;
const FOUR_GIB = 2 ** 32;

export interface BzImage {
  readonly header: SetupHeader;
  /** Where the protected-mode code lies in the file. */
  readonly codeOffset: number;
  readonly codeLength: number;
  readonly version: string | undefined;
  readonly is64Bit: boolean;
}

export function isBzImage(head: Uint8Array): boolean {
  const header = new SetupHeader(head);
  const magicEnd = SETUP_FIELDS.header[0] + SETUP_FIELDS.header[1];
  if (head.length < magicEnd) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const magic = view.getUint32(SETUP_FIELDS.header[0], true);
  return magic === HEADER_MAGIC && header.get('boot_flag') === BOOT_FLAG;
}

/** Reads and checks the header; refuses what cannot be booted by the 32-bit or 64-bit protocol. */
export function readBzImage(kernel: PayloadFile, head: Uint8Array): BzImage {
  const header = new SetupHeader(head);
  const sectors = (header.get('setup_sects') || DEFAULT_SETUP_SECTORS) + 1;
  const codeOffset = sectors * SECTOR;
  if (head.length < codeOffset) throw kernel.truncated(codeOffset + header.get('syssize') * 16);
  if (header.version < OLDEST_PROTOCOL) {
    const [major, minor] = [header.version >> 8, header.version & 0xff];
    throw kernel.failure('kernel-too-old', `boot protocol ${major}.${String(minor).padStart(2, '0')} is too old`, {
      hint: 'Linux 2.6.31 and later can be booted',
    });
  }
  if ((header.get('loadflags') & LOADFLAG.loadedHigh) === 0) {
    throw kernel.failure('kernel-too-old', 'is a zImage, not a bzImage', { hint: 'build it with make bzImage' });
  }
  const codeLength = header.get('syssize') * 16;
  if (kernel.size < codeOffset + codeLength) throw kernel.truncated(codeOffset + codeLength);
  if (codeLength <= ENTRY_64) throw kernelMalformed(kernel, 'its header says that it holds no code');
  const is64Bit = (header.get('xloadflags') & XLOADFLAG.kernel64) !== 0;
  return { header, codeOffset, codeLength, version: versionString(header, head.subarray(0, codeOffset)), is64Bit };
}

export function planBzImage(request: OpenedRequest): BootPlan {
  const { kernel, commandLine, acpiTables } = request;
  const image = readBzImage(kernel, request.head);
  const { header } = image;
  if (image.is64Bit && request.prefer32 === true) throw kernelNeeds64Bit(kernel);
  const commandLineBytes = commandLineSegment(commandLine, header.get('cmdline_size') || COMMAND_LINE_MAX);

  const ram = new RamPlan(request.memoryBytes);
  const place = placeKernel(kernel, image);
  if (!ram.take(place.load, place.end - place.load)) throw kernelTooLarge(kernel, ram, place.end);
  const initrdMax = header.get('initrd_addr_max') || DEFAULT_INITRD_MAX;
  const initrd = request.initrd && placeInitrd(request.initrd, ram, place.end, initrdMax);

  const long = image.is64Bit && request.use32BitEntry !== true;
  const gdt = flatGdt(long ? 'long64' : 'protected32');
  const memory = memoryMap(request.memoryBytes);
  const hasAcpi = acpiTables !== undefined;
  const segments: Segment[] = [
    gdt.segment,
    bootParams({ header, loadAddress: place.load, initrd, memory, hasAcpi }),
    commandLineBytes,
    { gpa: place.load, fd: kernel.fd, fileOffset: image.codeOffset, length: image.codeLength },
  ];
  const tables = long ? identityTables() : undefined;
  if (tables !== undefined) segments.push(tables.segment);
  if (initrd !== undefined) segments.push(initrd.segment);
  if (acpiTables !== undefined) segments.push({ gpa: ACPI_TABLES_START, bytes: acpiTables });
  const entry = tables === undefined ? entry32(place.load, gdt.table) : entry64(place.load, tables.cr3, gdt.table);
  const name = image.version === undefined ? 'Linux' : `Linux ${image.version.split(' ')[0]}`;
  return { description: `${name} (bzImage, ${long ? 64 : 32}-bit entry)`, segments, entry };
}

/**
 * Where the code is loaded and how far the kernel's own memory reaches before it has looked at the memory map.
 * A relocatable kernel is loaded where it prefers to run, so that it need not move; one that is not moves itself there
 * (boot.rst pref_address, init_size). No kernel runs below its pref_address (Linux boot/compressed/head_64.S).
 */
function placeKernel(kernel: PayloadFile, { header, codeLength }: BzImage): { load: number; end: number } {
  const relocatable = header.get('relocatable_kernel') !== 0;
  const alignment = header.get('kernel_alignment');
  if (relocatable && (alignment === 0 || (alignment & (alignment - 1)) !== 0)) {
    throw kernelMalformed(kernel, `its header asks for an alignment of ${alignment} bytes`);
  }
  const preferred = Math.max(header.get('pref_address'), KERNEL_LOAD_ADDRESS);
  if (preferred >= FOUR_GIB) throw kernelMalformed(kernel, 'its header asks for an address above 4 GiB');
  const run = relocatable ? Math.ceil(preferred / alignment) * alignment : preferred;
  const load = relocatable ? run : KERNEL_LOAD_ADDRESS;
  return { load, end: Math.max(load + codeLength, run + header.get('init_size')) };
}

/** boot.rst "64-bit boot protocol": rsi is boot_params. */
function entry64(load: number, cr3: number, gdt: Table): Entry {
  return { mode: 'long64', rip: load + ENTRY_64, rsi: BOOT_PARAMS_ADDRESS, rsp: BOOT_STACK_TOP, cr3, gdt };
}

/** boot.rst "32-bit boot protocol": esi is boot_params; ebx, ebp and edi are zero. */
function entry32(load: number, gdt: Table): Entry {
  return { mode: 'protected32', eip: load, esi: BOOT_PARAMS_ADDRESS, ebx: 0, esp: BOOT_STACK_TOP, gdt };
}

/** boot.rst kernel_version: a zero-terminated string, 0x200 below its offset in the file; undefined when it is not. */
function versionString(header: SetupHeader, setup: Uint8Array): string | undefined {
  const pointer = header.get('kernel_version');
  const start = pointer + 0x200;
  const end = setup.indexOf(0, start);
  if (pointer === 0 || end <= start || end - start > 256) return undefined;
  const text = setup.subarray(start, end);
  return text.every((byte) => byte >= 0x20 && byte < 0x7f) ? new TextDecoder('latin1').decode(text) : undefined;
}
