import { invariant } from '../../base/failure.ts';
import type { Entry } from '../../boot/boot-image.ts';
import type { Engine } from './engine.ts';
import { CPU_STATE, GENERAL, SEGMENT } from './engine-exports.ts';

/** Selectors the 32-bit entry comes with (Linux boot.rst "32-bit boot protocol": __BOOT_CS, __BOOT_DS). */
const BOOT_CS = 0x10;
const BOOT_DS = 0x18;

/** Access bytes as in a descriptor (SDM 3A §3.4.5): present, DPL 0, code execute/read or data read/write, accessed. */
const CODE_ACCESS = 0x9b;
const DATA_ACCESS = 0x93;
const BUSY_TSS32_ACCESS = 0x8b;

const CR0_PE = 1;
const CR0_ET = 1 << 4;

/** Sets a CPU fresh from reset to the image's first instruction. */
export function enter(engine: Engine, entry: Entry): void {
  invariant(entry.mode !== 'long64', 'translating accelerator: its CPU has no long mode');
  if (entry.mode === 'reset-vector') return;
  const { state, exports } = engine;
  state.setInt32(CPU_STATE.cr0, CR0_PE | CR0_ET, true);
  state.setInt32(CPU_STATE.protectedMode, 1, true);
  state.setInt32(CPU_STATE.gdtrBase, entry.gdt.base, true);
  state.setInt32(CPU_STATE.gdtrLimit, entry.gdt.limit, true);
  loadSegment(engine, SEGMENT.cs, BOOT_CS, 0xffff_ffff, CODE_ACCESS);
  for (const segment of [SEGMENT.es, SEGMENT.ss, SEGMENT.ds, SEGMENT.fs, SEGMENT.gs]) {
    loadSegment(engine, segment, BOOT_DS, 0xffff_ffff, DATA_ACCESS);
  }
  loadSegment(engine, SEGMENT.tr, 0, 0x67, BUSY_TSS32_ACCESS);
  state.setInt32(CPU_STATE.is32, 1, true);
  state.setInt32(CPU_STATE.stackIs32, 1, true);
  for (const [register, value] of [
    [GENERAL.esp, entry.esp],
    [GENERAL.esi, entry.esi],
    [GENERAL.ebx, entry.ebx],
  ] as const) {
    state.setUint32(CPU_STATE.generalRegisters + 4 * register, value, true);
  }
  state.setUint32(CPU_STATE.instructionPointer, entry.eip, true);
  exports.full_clear_tlb();
  exports.update_state_flags();
}

function loadSegment({ state }: Engine, segment: number, selector: number, limit: number, access: number): void {
  state.setUint16(CPU_STATE.segmentSelectors + 2 * segment, selector, true);
  state.setUint8(CPU_STATE.segmentIsNull + segment, 0);
  state.setInt32(CPU_STATE.segmentBases + 4 * segment, 0, true);
  state.setUint32(CPU_STATE.segmentLimits + 4 * segment, limit, true);
  state.setUint8(CPU_STATE.segmentAccess + segment, access);
}
