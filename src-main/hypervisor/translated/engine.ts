import { randomFillSync } from 'node:crypto';
import { Failure } from '../../base/failure.ts';
import type { AccessSize } from '../../vmm/bus/io-bus.ts';
import { CPU_STATE, type EngineExports, TABLE_OFFSET, TABLE_SIZE } from './engine-exports.ts';
import { engineModule } from './engine-module.ts';

/** What surrounds the engine: everything that is not CPU, PIC, LAPIC, IOAPIC or RAM. */
export interface EngineSurroundings {
  readPort(port: number, size: AccessSize): number;
  writePort(port: number, size: AccessSize, value: number): void;
  readMmio(gpa: number, size: AccessSize): number;
  writeMmio(gpa: number, size: AccessSize, value: number): void;
  /** Guest time in milliseconds: the source of TSC and LAPIC timer. */
  nowMs(): number;
  /** Delivers what timers and other threads owe; milliseconds until the next is due. May run inside an instruction. */
  serviceTimers(nowMs: number): number;
}

/** The JIT asks for this many instructions between two looks at timers and lines (v86 src/rust/cpu/cpu.rs, LOOP_COUNTER). */
const INSTRUCTIONS_PER_LOOK = 100_003;

interface Translation {
  readonly tableIndex: number;
  readonly start: number;
  readonly stateFlags: number;
  readonly module: WebAssembly.Module;
}

/**
 * One instance of v86.wasm, driven directly: v86's JavaScript side, with its own chips, screens and event loop, is not used.
 * An instance whose call threw is dead; power-on is a new instance.
 */
export class Engine {
  readonly exports: EngineExports;
  /** What the engine said last before it trapped. */
  lastWords = '';

  private readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_OFFSET + TABLE_SIZE });
  private readonly translated: Translation[] = [];
  private readonly codeImports: Record<string, WebAssembly.ExportValue> = {};
  private readonly ramAddress: number;
  private readonly random = new Int32Array(64);
  private randomLeft = 0;
  private view: DataView;

  constructor(
    readonly memoryBytes: number,
    surroundings: EngineSurroundings,
  ) {
    const instance = new WebAssembly.Instance(engineModule(), { env: this.imports(surroundings) });
    this.exports = instance.exports as unknown as EngineExports;
    this.view = new DataView(this.exports.memory.buffer);
    this.exports.rust_init();
    this.ramAddress = this.allocateRam(memoryBytes);
    this.state.setUint32(CPU_STATE.memorySize, memoryBytes, true);
    this.state.setUint8(CPU_STATE.acpiEnabled, 1);
    this.exports.reset_cpu();
    for (const [name, value] of Object.entries(instance.exports)) {
      if (!name.startsWith('_') && !name.startsWith('zstd') && !name.endsWith('_js')) this.codeImports[name] = value;
    }
    this.codeImports.m = this.exports.memory;
  }

  /** The engine's memory; its buffer is replaced whenever it grows. */
  get state(): DataView {
    const { buffer } = this.exports.memory;
    if (this.view.buffer !== buffer) this.view = new DataView(buffer);
    return this.view;
  }

  /** Guest RAM. Do not keep it: it is cut off when the engine's memory grows. */
  get ram(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.exports.memory.buffer as ArrayBuffer, this.ramAddress, this.memoryBytes);
  }

  get halted(): boolean {
    return this.state.getUint8(CPU_STATE.inHlt) !== 0;
  }

  /** Runs about a millisecond or until `hlt`; milliseconds until something is due, 0 when there is more to run. */
  runSlice(): number {
    const idleMs = this.exports.main_loop();
    this.adoptTranslations();
    return idleMs;
  }

  /** Makes the engine look at timers and lines as soon as the translated code it is in returns. */
  lookSoon(): void {
    const counter = this.state.getUint32(CPU_STATE.instructionCounter, true);
    this.state.setUint32(CPU_STATE.instructionCounter, (counter + INSTRUCTIONS_PER_LOOK) >>> 0, true);
  }

  /** Puts finished translations to use. The engine must be between two instructions, outside translated code. */
  adoptTranslations(): void {
    for (const { tableIndex, start, stateFlags, module } of this.translated.splice(0)) {
      const instance = new WebAssembly.Instance(module, { e: this.codeImports } as WebAssembly.Imports);
      this.table.set(TABLE_OFFSET + tableIndex, instance.exports.f);
      this.exports.codegen_finalize_finished(tableIndex, start, stateFlags);
    }
  }

  private allocateRam(bytes: number): number {
    let address = 0;
    try {
      address = this.exports.allocate_memory(bytes) >>> 0;
    } catch {
      // The engine traps where the host cannot give the memory; the answer is the same as for 0.
    }
    if (address !== 0) return address;
    throw new Failure(
      'host',
      'out-of-memory',
      `translating accelerator: no ${bytes / 2 ** 20} MiB of memory for the guest`,
      {
        hint: 'give the machine less memory',
        facts: { bytes },
      },
    );
  }

  private imports(around: EngineSurroundings): Record<string, WebAssembly.ImportValue> {
    return {
      __indirect_function_table: this.table,
      microtick: () => around.nowMs(),
      run_hardware_timers: (_acpi: number, nowMs: number) => {
        if (this.translated.length > 0 && !this.halted) this.adoptTranslations();
        return Math.min(around.serviceTimers(nowMs), this.exports.apic_timer(nowMs));
      },
      get_rand_int: () => this.nextRandom(),
      stop_idling: () => {},
      cpu_event_halt: () => {},
      console_log_from_wasm: (address: number, length: number) => {
        this.lastWords = Buffer.from(this.exports.memory.buffer, address, length).toString('latin1');
      },
      jit_clear_func: (index: number) => this.table.set(TABLE_OFFSET + index, null),
      codegen_finalize: (tableIndex: number, start: number, stateFlags: number, address: number, length: number) => {
        const code = new Uint8Array(this.exports.memory.buffer as ArrayBuffer, address >>> 0, length);
        this.translated.push({ tableIndex, start, stateFlags, module: new WebAssembly.Module(code) });
      },
      ...portImports(around),
      ...mmioImports(around),
    };
  }

  private nextRandom(): number {
    if (this.randomLeft === 0) {
      randomFillSync(this.random);
      this.randomLeft = this.random.length;
    }
    return this.random[--this.randomLeft]!;
  }
}

function portImports(around: EngineSurroundings): Record<string, WebAssembly.ImportValue> {
  return {
    io_port_read8: (port: number) => around.readPort(port, 1),
    io_port_read16: (port: number) => around.readPort(port, 2),
    io_port_read32: (port: number) => around.readPort(port, 4),
    io_port_write8: (port: number, value: number) => around.writePort(port, 1, value & 0xff),
    io_port_write16: (port: number, value: number) => around.writePort(port, 2, value & 0xffff),
    io_port_write32: (port: number, value: number) => around.writePort(port, 4, value >>> 0),
  };
}

function mmioImports(around: EngineSurroundings): Record<string, WebAssembly.ImportValue> {
  const write32 = (gpa: number, value: number) => around.writeMmio(gpa >>> 0, 4, value >>> 0);
  const writeWords = (gpa: number, ...words: number[]) => {
    for (const [i, word] of words.entries()) write32(gpa + 4 * i, word);
  };
  return {
    mmap_read8: (gpa: number) => around.readMmio(gpa >>> 0, 1),
    mmap_read32: (gpa: number) => around.readMmio(gpa >>> 0, 4),
    mmap_write8: (gpa: number, value: number) => around.writeMmio(gpa >>> 0, 1, value & 0xff),
    mmap_write16: (gpa: number, value: number) => around.writeMmio(gpa >>> 0, 2, value & 0xffff),
    mmap_write32: write32,
    mmap_write64: writeWords,
    mmap_write128: writeWords,
  };
}
