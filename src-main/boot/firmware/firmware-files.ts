import { ECAM_ADDRESS, ECAM_SIZE, KVM_IDENTITY_MAP_ADDRESS, PORT, ramRanges } from '../../vmm/layout.ts';
import { RANGE_TYPE } from '../memory-map.ts';
import { relocatableTables } from './table-loader.ts';

/** Four pages of KVM's own, up to where the ROM may begin. */
const KVM_PAGES_BYTES = 4 * 4096;
/** How long the boot menu's invitation stands when a menu is asked for; SeaBIOS's own default is 2.5 s. */
const MENU_WAIT_MS = 10_000;
const E820_ENTRY_BYTES = 20;

export interface FirmwareRequest {
  readonly memoryBytes: number;
  /** From `buildAcpiTables`. */
  readonly acpiTables: Uint8Array;
  /** PCI device numbers to boot from, first choice first. */
  readonly bootDevices: readonly number[];
  /** Whether to stay for a key that opens the boot menu. */
  readonly menu: boolean;
}

/** What SeaBIOS is told through fw_cfg, by file name (SeaBIOS 1.16 docs/Runtime_config.md). */
export function firmwareFiles(request: FirmwareRequest): { name: string; bytes: Uint8Array }[] {
  const order = request.bootDevices.map((device) => `/pci@i0cf8/*@${device.toString(16)}\n`).join('');
  return [
    ...relocatableTables(request.acpiTables),
    { name: 'etc/e820', bytes: e820(request.memoryBytes) },
    { name: 'bootorder', bytes: new TextEncoder().encode(`${order}\0`) },
    { name: 'etc/sercon-port', bytes: number64(PORT.com1) },
    { name: 'etc/show-boot-menu', bytes: number64(request.menu ? 1 : 0) },
    { name: 'etc/boot-menu-wait', bytes: number64(MENU_WAIT_MS) },
  ];
}

/** RAM and what is neither RAM nor free, beside what the firmware knows by itself (QEMU 7.2 hw/i386/e820_memory_layout.h). */
function e820(memoryBytes: number): Uint8Array {
  const ram = ramRanges(memoryBytes).map(({ gpa, size }) => ({ start: gpa, size, type: RANGE_TYPE.ram }));
  const entries = [
    ...ram,
    { start: ECAM_ADDRESS, size: ECAM_SIZE, type: RANGE_TYPE.reserved },
    { start: KVM_IDENTITY_MAP_ADDRESS, size: KVM_PAGES_BYTES, type: RANGE_TYPE.reserved },
  ];
  const bytes = new Uint8Array(entries.length * E820_ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  entries.forEach(({ start, size, type }, index) => {
    const at = index * E820_ENTRY_BYTES;
    view.setBigUint64(at, BigInt(start), true);
    view.setBigUint64(at + 8, BigInt(size), true);
    view.setUint32(at + 16, type, true);
  });
  return bytes;
}

function number64(value: number): Uint8Array {
  return new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);
}
