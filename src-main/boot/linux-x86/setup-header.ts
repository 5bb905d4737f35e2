/**
 * The setup header at 0x1F1 of a kernel file and of boot_params.
 * Linux boot.rst, "Details of Header Fields": name → offset, size, first protocol version that has it.
 */
export const SETUP_FIELDS = {
  setup_sects: [0x1f1, 1, 0],
  root_flags: [0x1f2, 2, 0],
  syssize: [0x1f4, 4, 0x204],
  vid_mode: [0x1fa, 2, 0],
  root_dev: [0x1fc, 2, 0],
  boot_flag: [0x1fe, 2, 0],
  jump: [0x200, 2, 0x200],
  header: [0x202, 4, 0x200],
  version: [0x206, 2, 0x200],
  kernel_version: [0x20e, 2, 0x200],
  type_of_loader: [0x210, 1, 0x200],
  loadflags: [0x211, 1, 0x200],
  code32_start: [0x214, 4, 0x200],
  ramdisk_image: [0x218, 4, 0x200],
  ramdisk_size: [0x21c, 4, 0x200],
  heap_end_ptr: [0x224, 2, 0x201],
  ext_loader_ver: [0x226, 1, 0x202],
  ext_loader_type: [0x227, 1, 0x202],
  cmd_line_ptr: [0x228, 4, 0x202],
  initrd_addr_max: [0x22c, 4, 0x203],
  kernel_alignment: [0x230, 4, 0x205],
  relocatable_kernel: [0x234, 1, 0x205],
  min_alignment: [0x235, 1, 0x20a],
  xloadflags: [0x236, 2, 0x20c],
  cmdline_size: [0x238, 4, 0x206],
  hardware_subarch: [0x23c, 4, 0x207],
  hardware_subarch_data: [0x240, 8, 0x207],
  payload_offset: [0x248, 4, 0x208],
  payload_length: [0x24c, 4, 0x208],
  setup_data: [0x250, 8, 0x209],
  pref_address: [0x258, 8, 0x20a],
  init_size: [0x260, 4, 0x20a],
  handover_offset: [0x264, 4, 0x20b],
  kernel_info_offset: [0x268, 4, 0x20f],
} as const satisfies Record<string, readonly [offset: number, size: 1 | 2 | 4 | 8, since: number]>;

export type SetupField = keyof typeof SETUP_FIELDS;

/** "HdrS" at 0x202. */
export const HEADER_MAGIC = 0x5372_6448;
export const BOOT_FLAG = 0xaa55;

export const LOADFLAG = { loadedHigh: 1 << 0, canUseHeap: 1 << 7 } as const;
export const XLOADFLAG = { kernel64: 1 << 0 } as const;

/** Where the header starts in both the file and boot_params. */
export const SETUP_HEADER_START = 0x1f1;
/** Where boot_params goes on with other things (asm/bootparam.h, edd_mbr_sig_buffer). */
export const SETUP_HEADER_END_MAX = 0x290;

/** A setup header within `bytes`, at its place from 0x1F1. Fields the protocol version lacks read as 0. */
export class SetupHeader {
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Protocol version: 0x020F is 2.15. */
  get version(): number {
    return this.raw('version');
  }

  get(field: SetupField): number {
    return this.version >= SETUP_FIELDS[field][2] ? this.raw(field) : 0;
  }

  set(field: SetupField, value: number): void {
    const [offset, size] = SETUP_FIELDS[field];
    if (size === 1) this.view.setUint8(offset, value);
    else if (size === 2) this.view.setUint16(offset, value, true);
    else if (size === 4) this.view.setUint32(offset, value, true);
    else this.view.setBigUint64(offset, BigInt(value), true);
  }

  /** Where the header ends: 0x202 plus the distance its jump takes (boot.rst "64-bit boot protocol"). */
  get end(): number {
    return Math.min(0x202 + this.view.getUint8(0x201), SETUP_HEADER_END_MAX, this.bytes.length);
  }

  private raw(field: SetupField): number {
    const [offset, size] = SETUP_FIELDS[field];
    if (offset + size > this.bytes.length) return 0;
    if (size === 1) return this.view.getUint8(offset);
    if (size === 2) return this.view.getUint16(offset, true);
    if (size === 4) return this.view.getUint32(offset, true);
    return Number(this.view.getBigUint64(offset, true));
  }
}
