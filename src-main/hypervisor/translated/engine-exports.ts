/** What of v86.wasm's exports we call, in its own names (v86 0.5.462, src/cpu.js `wasm_patch`). */
export interface EngineExports {
  readonly memory: WebAssembly.Memory;
  rust_init(): void;
  /** Guest RAM's address in `memory`, 0 when it cannot be had. */
  allocate_memory(bytes: number): number;
  reset_cpu(): void;
  /** Runs for about a millisecond, or until `hlt`; the milliseconds until something is due, 0 when it was not idle. */
  main_loop(): number;
  update_state_flags(): void;
  full_clear_tlb(): void;
  device_raise_irq(line: number): void;
  device_lower_irq(line: number): void;
  /** Delivers what the LAPIC timer owes; milliseconds until its next interrupt. */
  apic_timer(nowMs: number): number;
  get_pic_addr_master(): number;
  get_pic_addr_slave(): number;
  get_ioapic_addr(): number;
  get_seg_cs(): number;
  get_real_eip(): number;
  /** Forgets translations of code from physical address `start` up to `end`. */
  jit_dirty_cache(start: number, end: number): void;
  translate_address_system_read_js(linear: number): number;
  codegen_finalize_finished(tableIndex: number, start: number, stateFlags: number): void;
}

/** Addresses of the CPU's state in v86.wasm's memory (v86 0.5.462, src/rust/cpu/global_pointers.rs). */
export const CPU_STATE = {
  generalRegisters: 64,
  flags: 120,
  segmentAccess: 512,
  acpiEnabled: 552,
  instructionPointer: 556,
  idtrLimit: 564,
  idtrBase: 568,
  gdtrLimit: 572,
  gdtrBase: 576,
  cr0: 580,
  inHlt: 616,
  instructionCounter: 664,
  segmentSelectors: 668,
  segmentIsNull: 724,
  segmentBases: 736,
  segmentLimits: 768,
  protectedMode: 800,
  is32: 804,
  stackIs32: 808,
  memorySize: 812,
} as const;

/** Indices of the general and the segment registers, in the order instructions encode them. */
export const GENERAL = { eax: 0, ecx: 1, edx: 2, ebx: 3, esp: 4, ebp: 5, esi: 6, edi: 7 } as const;
export const SEGMENT = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5, tr: 6, ldtr: 7 } as const;

/** Translated code lives in the table behind the engine's own functions (v86 0.5.462, src/const.js). */
export const TABLE_OFFSET = 1024;
export const TABLE_SIZE = 900;
