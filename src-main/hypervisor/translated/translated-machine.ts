import type { Arena } from '../../base/shared-struct.ts';
import type { AccessSize, IoBus } from '../../vmm/bus/io-bus.ts';
import { PORT } from '../../vmm/layout.ts';
import type { VcpuControl } from '../../vmm/vcpu/vcpu-control.ts';
import { enter } from './cpu-entry.ts';
import { Engine, type EngineSurroundings } from './engine.ts';
import { EngineLines } from './irq-driver.ts';
import { type LoadPlan, placeSegments, type Rom } from './load-plan.ts';
import { Pit8254, SystemControlB } from './pit-8254.ts';
import { placeTranslatedState, type TranslatedState } from './translated-state.ts';
import type { QueueService } from './vcpu.ts';

const PIT_BASE = 0x40;
const PIT_END = 0x44;

/** What stands where KVM's in-kernel half stands: the engine with its PIC and APICs, the PIT, the buses' entrance, guest time. */
export class TranslatedMachine implements EngineSurroundings {
  readonly state: TranslatedState;
  engine: Engine;
  /** Firmware above RAM. */
  private roms: readonly Rom[] = [];
  /** Whether anything was loaded since power-on. */
  private loaded = false;

  private readonly lines: EngineLines;
  private readonly pit: Pit8254;
  private readonly systemControlB: SystemControlB;
  /** Subtracted from `performance.now()` to give guest time. */
  private stoodStillMs = 0;
  private suspendedAt = performance.now();

  constructor(
    arena: Arena,
    private readonly memoryBytes: number,
    private readonly control: VcpuControl,
    private readonly ports: IoBus,
    private readonly mmio: IoBus,
  ) {
    const parts = placeTranslatedState(arena);
    this.state = parts.state;
    this.lines = new EngineLines(arena.buffer, parts.state);
    this.pit = new Pit8254(parts.pit, { irq0: () => this.lines.pulseTimer(), nowMs: () => this.nowMs() });
    this.systemControlB = new SystemControlB(parts.systemControlB, this.pit, () => this.nowMs());
    this.engine = this.freshEngine();
  }

  dispose(): void {
    this.lines.detach();
  }

  /** CPU, PIC, APICs, PIT and RAM as when the power comes. */
  powerOn(): void {
    if (!this.loaded) return;
    this.loaded = false;
    this.roms = [];
    this.engine = this.freshEngine();
  }

  /** Fills RAM, fresh from power-on, and sets the CPU to the plan's start. */
  load(plan: LoadPlan): void {
    this.powerOn();
    this.loaded = true;
    this.roms = placeSegments(plan, this.engine.ram);
    enter(this.engine, plan.entry);
  }

  runSlice(): number {
    return this.engine.runSlice();
  }

  /** Has queues served, between two slices: what devices wrote is no longer what was translated from there. */
  serve(queues: QueueService): void {
    const written: number[] = [];
    queues.serve(this.engine.ram, (gpa, length) => written.push(gpa, length));
    for (let i = 0; i < written.length; i += 2) {
      this.engine.exports.jit_dirty_cache(written[i]!, written[i]! + written[i + 1]!);
    }
  }

  /** Stops guest time. */
  suspend(): void {
    if (this.suspendedAt !== 0) return;
    this.suspendedAt = performance.now();
    this.state.pausedSinceMs = performance.timeOrigin + this.suspendedAt;
  }

  /** Lets guest time go on where it stopped. */
  resume(): void {
    if (this.suspendedAt === 0) return;
    const stoodStill = performance.now() - this.suspendedAt;
    this.suspendedAt = 0;
    this.stoodStillMs += stoodStill;
    if (this.state.pausedSinceMs === 0) return;
    this.state.pausedMs += stoodStill;
    this.state.pausedSinceMs = 0;
  }

  nowMs(): number {
    return (this.suspendedAt || performance.now()) - this.stoodStillMs;
  }

  serviceTimers(nowMs: number): number {
    this.lines.look();
    return this.pit.expire(nowMs);
  }

  readPort(port: number, size: AccessSize): number {
    this.control.portExits++;
    if (size === 1) {
      if (port >= PIT_BASE && port < PIT_END) return this.pit.read(port - PIT_BASE);
      if (port === PORT.systemControlB) return this.systemControlB.read();
    }
    return this.ports.read(port, size);
  }

  writePort(port: number, size: AccessSize, value: number): void {
    this.control.portExits++;
    if (size === 1 && port >= PIT_BASE && port < PIT_END) this.pit.write(port - PIT_BASE, size, value);
    else if (size === 1 && port === PORT.systemControlB) this.systemControlB.write(0, size, value);
    else this.ports.write(port, size, value);
  }

  readMmio(gpa: number, size: AccessSize): number {
    const rom = this.roms.find((candidate) => gpa >= candidate.gpa);
    if (rom !== undefined) return readRom(rom, gpa, size);
    this.control.mmioExits++;
    this.lines.held = true;
    try {
      return this.mmio.read(gpa, size);
    } finally {
      this.lines.held = false;
    }
  }

  writeMmio(gpa: number, size: AccessSize, value: number): void {
    this.control.mmioExits++;
    this.lines.held = true;
    try {
      this.mmio.write(gpa, size, value);
    } finally {
      this.lines.held = false;
    }
  }

  private freshEngine(): Engine {
    this.pit.reset();
    this.systemControlB.reset();
    const engine = new Engine(this.memoryBytes, this);
    this.lines.attach(engine);
    return engine;
  }
}

function readRom({ gpa, bytes }: Rom, address: number, size: AccessSize): number {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[address - gpa + i] ?? 0xff);
  return value;
}
