import { InvariantError } from '../../base/failure.ts';
import type { VcpuStop } from '../hypervisor.ts';
import type { Engine } from './engine.ts';
import { CPU_STATE } from './engine-exports.ts';

const DOUBLE_FAULT_VECTOR = 8;
const CR0_PG = 0x8000_0000;
/** Byte of a gate that holds P, DPL and type; present task, interrupt and trap gates there (SDM 3A §6.11). */
const GATE_TYPE_BYTE = 5;
const PRESENT_GATES = new Set([0x85, 0x86, 0x87, 0x8e, 0x8f]);

/**
 * What an engine that threw means for the machine. v86 has no double fault: where delivering an exception faults, it traps or
 * recurses until the stack ends. A guest that could not have taken #DF either has triple-faulted (SDM 3A §6.15); any other is
 * beyond this accelerator. Our own mistakes are thrown on.
 */
export function stopOf(error: unknown, engine: Engine): VcpuStop {
  if (error instanceof InvariantError) throw error;
  if (error instanceof RangeError) return { kind: 'triple-fault' };
  if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  if (!canTakeDoubleFault(engine)) return { kind: 'triple-fault' };
  const reason = engine.lastWords.replace(/^.*panicked at [^\n]*\n?/s, '').trim();
  return {
    kind: 'internal-error',
    detail: `the guest did what the translating accelerator's CPU cannot: ${reason || error.message}`,
  };
}

function canTakeDoubleFault(engine: Engine): boolean {
  const { state } = engine;
  if (state.getInt32(CPU_STATE.protectedMode, true) === 0) return true;
  const limit = state.getUint32(CPU_STATE.idtrLimit, true);
  if (limit < DOUBLE_FAULT_VECTOR * 8 + 7) return false;
  const linear = (state.getUint32(CPU_STATE.idtrBase, true) + DOUBLE_FAULT_VECTOR * 8) >>> 0;
  const paging = (state.getUint32(CPU_STATE.cr0, true) & CR0_PG) !== 0;
  try {
    const gpa = paging ? engine.exports.translate_address_system_read_js(linear) >>> 0 : linear;
    const gateType = engine.ram[gpa + GATE_TYPE_BYTE];
    return gateType !== undefined && PRESENT_GATES.has(gateType & 0x9f);
  } catch {
    return false;
  }
}
