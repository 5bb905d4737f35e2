import type { Entry } from '../../boot/boot-image.ts';
import type { Fd } from '../../linux/fd.ts';
import { readBlock, writeBlock } from './vcpu-state.ts';

/** struct kvm_regs: sixteen general registers, RIP, RFLAGS, eight bytes each. */
const REG = { rax: 0, rbx: 8, rcx: 16, rdx: 24, rsi: 32, rdi: 40, rsp: 48, rbp: 56, rip: 128, rflags: 136 } as const;

/** struct kvm_sregs: segments of 24 bytes, then the tables and control registers. */
const SEGMENT = { cs: 0, ds: 24, es: 48, fs: 72, gs: 96, ss: 120, tr: 144, ldt: 168 } as const;
const SREG = { gdt: 192, idt: 208, cr0: 224, cr2: 232, cr3: 240, cr4: 248, cr8: 256, efer: 264 } as const;

/** Control bits, SDM 3A §2.5 and §2.2.1. */
const CR0_PE = 1n;
const CR0_ET = 1n << 4n;
const CR0_PG = 1n << 31n;
const CR4_PAE = 1n << 5n;
const EFER_LME_LMA = (1n << 8n) | (1n << 10n);
/** RFLAGS with nothing set but the bit that is always one (SDM 1 §3.4.3). */
const RFLAGS_RESET = 2n;

/** Selectors of the boot protocols' flat segments (boot.rst: __BOOT_CS 0x10, __BOOT_DS 0x18). */
const BOOT_CS = 0x10;
const BOOT_DS = 0x18;
const BOOT_TSS = 0x20;

/** Segment types, SDM 3A §3.4.5.1 and §3.5. */
const CODE_EXECUTE_READ_ACCESSED = 11;
const DATA_READ_WRITE_ACCESSED = 3;
const TSS_32_BUSY = 11;

interface SegmentShape {
  selector: number;
  type: number;
  limit: number;
  code: boolean;
  long?: boolean;
  system?: boolean;
  flat?: boolean;
}

/** Puts the bootstrap vCPU where the boot image starts. `reset-vector` is what a fresh or reset vCPU already is. */
export function enter(vcpu: Fd, entry: Entry): void {
  if (entry.mode === 'reset-vector') return;
  const long = entry.mode === 'long64';
  const sregs = readBlock(vcpu, 'SREGS');
  const code = {
    selector: BOOT_CS,
    type: CODE_EXECUTE_READ_ACCESSED,
    limit: 0xffff_ffff,
    code: true,
    long,
    flat: true,
  };
  setSegment(sregs, SEGMENT.cs, code);
  for (const name of ['ds', 'es', 'fs', 'gs', 'ss'] as const) {
    setSegment(sregs, SEGMENT[name], {
      selector: BOOT_DS,
      type: DATA_READ_WRITE_ACCESSED,
      limit: 0xffff_ffff,
      code: false,
      flat: true,
    });
  }
  setSegment(sregs, SEGMENT.tr, { selector: BOOT_TSS, type: TSS_32_BUSY, limit: 0x67, code: false, system: true });
  setTable(sregs, SREG.gdt, entry.gdt.base, entry.gdt.limit);
  setTable(sregs, SREG.idt, 0, 0);
  sregs.setBigUint64(SREG.cr0, CR0_PE | CR0_ET | (long ? CR0_PG : 0n), true);
  sregs.setBigUint64(SREG.cr3, long ? BigInt(entry.cr3) : 0n, true);
  sregs.setBigUint64(SREG.cr4, long ? CR4_PAE : 0n, true);
  sregs.setBigUint64(SREG.efer, long ? EFER_LME_LMA : 0n, true);
  writeBlock(vcpu, 'SREGS', sregs);
  writeBlock(vcpu, 'REGS', registersAt(entry));
}

function registersAt(entry: Exclude<Entry, { mode: 'reset-vector' }>): DataView {
  const regs = new DataView(new ArrayBuffer(144));
  const set = (offset: number, value: number): void => regs.setBigUint64(offset, BigInt(value), true);
  regs.setBigUint64(REG.rflags, RFLAGS_RESET, true);
  if (entry.mode === 'long64') {
    set(REG.rip, entry.rip);
    set(REG.rsi, entry.rsi);
    set(REG.rsp, entry.rsp);
  } else {
    set(REG.rip, entry.eip);
    set(REG.rsi, entry.esi);
    set(REG.rbx, entry.ebx);
    set(REG.rsp, entry.esp);
  }
  return regs;
}

/** struct kvm_segment: base u64, limit u32, selector u16, then type present dpl db s l g avl unusable, a byte each. */
function setSegment(sregs: DataView, at: number, shape: SegmentShape): void {
  sregs.setBigUint64(at, 0n, true);
  sregs.setUint32(at + 8, shape.limit, true);
  sregs.setUint16(at + 12, shape.selector, true);
  sregs.setUint8(at + 14, shape.type);
  sregs.setUint8(at + 15, 1);
  sregs.setUint8(at + 16, 0);
  sregs.setUint8(at + 17, shape.flat && !shape.long ? 1 : 0);
  sregs.setUint8(at + 18, shape.system ? 0 : 1);
  sregs.setUint8(at + 19, shape.long ? 1 : 0);
  sregs.setUint8(at + 20, shape.flat ? 1 : 0);
  sregs.setUint8(at + 21, 0);
  sregs.setUint8(at + 22, 0);
}

/** struct kvm_dtable: base u64, limit u16. */
function setTable(sregs: DataView, at: number, base: number, limit: number): void {
  sregs.setBigUint64(at, BigInt(base), true);
  sregs.setUint16(at + 8, limit, true);
}
