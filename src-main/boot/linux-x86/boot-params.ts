import { ACPI_TABLES_START, BOOT_PARAMS_ADDRESS, COMMAND_LINE_ADDRESS } from '../../vmm/layout.ts';
import type { Segment } from '../boot-image.ts';
import type { MapEntry } from '../memory-map.ts';
import { LOADFLAG, SETUP_HEADER_START, SetupHeader } from './setup-header.ts';

/** struct boot_params, "zero page" (Linux zero-page.rst; asm/bootparam.h). */
const BOOT_PARAMS_SIZE = 4096;
const ACPI_RSDP_ADDR = 0x070;
const E820_ENTRIES = 0x1e8;
const E820_TABLE = 0x2d0;
const E820_ENTRY_SIZE = 20;

/** boot.rst type_of_loader: no assigned number. */
const LOADER_UNDEFINED = 0xff;
/** boot.rst "Sample Boot Configuration": heap up to 0xE000, less 0x200 as heap_end_ptr wants it. */
const HEAP_END_PTR = 0xe000 - 0x200;
/** acpi_rsdp_addr is heeded from here on (boot.rst "protocol 2.14"). */
const PROTOCOL_WITH_RSDP = 0x20e;

export interface BootParamsRequest {
  readonly header: SetupHeader;
  readonly loadAddress: number;
  readonly initrd: { readonly gpa: number; readonly size: number } | undefined;
  readonly memory: readonly MapEntry[];
  readonly hasAcpi: boolean;
}

/** The zero page: the kernel's own setup header, filled in, in an otherwise clean page. */
export function bootParams(request: BootParamsRequest): Segment {
  const bytes = new Uint8Array(BOOT_PARAMS_SIZE);
  const { header, initrd } = request;
  bytes.set(header.bytes.subarray(SETUP_HEADER_START, header.end), SETUP_HEADER_START);
  const ours = new SetupHeader(bytes);
  ours.set('type_of_loader', LOADER_UNDEFINED);
  ours.set('loadflags', header.get('loadflags') | LOADFLAG.canUseHeap);
  ours.set('heap_end_ptr', HEAP_END_PTR);
  ours.set('code32_start', request.loadAddress);
  ours.set('cmd_line_ptr', COMMAND_LINE_ADDRESS);
  ours.set('ramdisk_image', initrd?.gpa ?? 0);
  ours.set('ramdisk_size', initrd?.size ?? 0);
  ours.set('setup_data', 0);
  const view = new DataView(bytes.buffer);
  if (request.hasAcpi && header.version >= PROTOCOL_WITH_RSDP) {
    view.setBigUint64(ACPI_RSDP_ADDR, BigInt(ACPI_TABLES_START), true);
  }
  writeE820(view, request.memory);
  return { gpa: BOOT_PARAMS_ADDRESS, bytes };
}

function writeE820(view: DataView, memory: readonly MapEntry[]): void {
  view.setUint8(E820_ENTRIES, memory.length);
  memory.forEach(({ start, size, type }, index) => {
    const at = E820_TABLE + index * E820_ENTRY_SIZE;
    view.setBigUint64(at, BigInt(start), true);
    view.setBigUint64(at + 8, BigInt(size), true);
    view.setUint32(at + 16, type, true);
  });
}
