interface Magic {
  readonly offset: number;
  readonly bytes: string;
  readonly kind: string;
}

/** Kernels for other machines; some pose as PE executables, so these come first. `bytes` are Latin-1. */
const KERNEL_MAGICS: readonly Magic[] = [
  { offset: 4, bytes: 'zimg', kind: 'a compressed EFI kernel image (zboot)' },
  { offset: 0x38, bytes: 'ARM\x64', kind: 'a Linux kernel image for aarch64' },
  { offset: 0x30, bytes: 'RISCV', kind: 'a Linux kernel image for riscv64' },
  { offset: 0x24, bytes: '\x18\x28\x6f\x01', kind: 'a Linux kernel image for arm' },
];

/** First match wins. */
const MAGICS: readonly Magic[] = [
  { offset: 0, bytes: '\x27\x05\x19\x56', kind: 'a U-Boot image' },
  { offset: 0, bytes: '\x1f\x8b', kind: 'a gzip archive' },
  { offset: 0, bytes: '\xfd7zXZ\0', kind: 'an xz archive' },
  { offset: 0, bytes: '\x28\xb5\x2f\xfd', kind: 'a zstd archive' },
  { offset: 0, bytes: 'BZh', kind: 'a bzip2 archive' },
  { offset: 0, bytes: '\x04\x22\x4d\x18', kind: 'an lz4 archive' },
  { offset: 0, bytes: '\x02\x21\x4c\x18', kind: 'an lz4 archive' },
  { offset: 0, bytes: 'PK\x03\x04', kind: 'a zip archive' },
  { offset: 0, bytes: '070701', kind: 'a cpio archive, which is what an initrd looks like' },
  { offset: 0, bytes: '!<arch>', kind: 'an ar archive or Debian package' },
  { offset: 257, bytes: 'ustar', kind: 'a tar archive' },
  { offset: 0, bytes: 'QFI\xfb', kind: 'a QCOW2 disk image' },
  { offset: 0, bytes: 'KDMV', kind: 'a VMDK disk image' },
  { offset: 0x40, bytes: '\x7f\x10\xda\xbe', kind: 'a VDI disk image' },
  { offset: 0, bytes: 'hsqs', kind: 'a squashfs file system' },
  { offset: 0x8001, bytes: 'CD001', kind: 'an ISO 9660 disc image' },
  { offset: 0x438, bytes: '\x53\xef', kind: 'an ext2/3/4 file system' },
  { offset: 510, bytes: '\x55\xaa', kind: 'a boot sector or disk image' },
];

/** ELF e_machine (System V ABI registries). */
const ELF_MACHINES: Readonly<Record<number, string>> = {
  3: 'i386',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390',
  40: 'arm',
  62: 'x86-64',
  183: 'aarch64',
  243: 'riscv',
  258: 'loongarch',
};

const ELF_TYPES: Readonly<Record<number, string>> = {
  1: 'object file',
  2: 'executable',
  3: 'shared library',
  4: 'core dump',
};

/** PE/COFF Machine (PE format §3.3.1). */
const PE_MACHINES: Readonly<Record<number, string>> = {
  332: 'i386',
  452: 'arm',
  34404: 'x86-64',
  43620: 'aarch64',
};

/** What a file looks like from its beginning, with its article, for a person: `a gzip archive`. */
export function fileKind(head: Uint8Array): string {
  if (head.length === 0) return 'an empty file';
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (startsWith(head, 0, '\x7fELF') && head.length >= 20) return elfKind(view);
  const kernel = find(KERNEL_MAGICS, head);
  if (kernel !== undefined) return kernel;
  if (startsWith(head, 0, 'MZ')) return peKind(view);
  return find(MAGICS, head) ?? textKind(head) ?? 'nothing we know';
}

function find(magics: readonly Magic[], head: Uint8Array): string | undefined {
  return magics.find(({ offset, bytes }) => startsWith(head, offset, bytes))?.kind;
}

export function startsWith(bytes: Uint8Array, offset: number, latin1: string): boolean {
  for (let i = 0; i < latin1.length; i++) if (bytes[offset + i] !== latin1.charCodeAt(i)) return false;
  return true;
}

function elfKind(view: DataView): string {
  const littleEndian = view.getUint8(5) !== 2;
  const type = view.getUint16(16, littleEndian);
  const machine = view.getUint16(18, littleEndian);
  const name = ELF_MACHINES[machine] ?? `machine ${machine}`;
  return `an ELF ${ELF_TYPES[type] ?? `file of type ${type}`} for ${name}`;
}

function peKind(view: DataView): string {
  if (view.byteLength < 0x40) return 'a DOS executable';
  const header = view.getUint32(0x3c, true);
  if (header + 6 > view.byteLength || view.getUint32(header, true) !== 0x4550) return 'a DOS executable';
  const machine = view.getUint16(header + 4, true);
  return `a PE executable for ${PE_MACHINES[machine] ?? `machine ${machine}`}`;
}

function textKind(head: Uint8Array): string | undefined {
  const start = head.subarray(0, 4096);
  const isText = start.every((byte) => byte >= 0x20 || (byte >= 0x07 && byte <= 0x0d) || byte === 0x1b);
  if (!isText) return undefined;
  const shebang = startsWith(head, 0, '#!') ? 'a script, ' : '';
  return `${shebang}${start.every((byte) => byte < 0x7f) ? 'ASCII text' : 'text'}`;
}
