import type { Arena } from '../../base/shared-struct.ts';
import type { Engine } from './engine.ts';
import { LINE, placeTranslatedState, type TranslatedState, wakeEngine } from './translated-state.ts';

const GSI_COUNT = 24;
/** The timer's GSI on the IOAPIC: ISA IRQ 0 arrives at pin 2, as the MADT's interrupt source override says. */
const TIMER_GSI = 2;
/** PIC input that the second PIC is wired to; not a line of the machine. */
const CASCADE = 2;

/** Offset of `irq_value` (the input levels) in the engine's PIC (v86 0.5.462, src/rust/cpu/pic.rs, Pic0). */
const PIC_INPUTS = 11;
/** Mask bit of an IOAPIC redirection entry (82093AA §3.2.4); the engine's table begins its IOAPIC (src/rust/cpu/ioapic.rs). */
const REDIRECTION_MASKED = 1 << 16;

/** Lines of the machine whose engine runs in this thread, by arena. */
const inThisThread = new WeakMap<SharedArrayBuffer, EngineLines>();

/**
 * Drives GSIs of the machine in `arena`, from any thread: in the engine's own thread at once, from elsewhere as soon as the
 * engine looks (a fraction of a millisecond while it runs; at once when it sleeps).
 */
export function translatedIrqDriver(arena: Arena): (gsi: number, level: boolean) => void {
  const { state } = placeTranslatedState(arena);
  return (gsi, level) => {
    const lines = inThisThread.get(arena.buffer);
    if (lines !== undefined) lines.drive(gsi, level);
    else driveFromAfar(state, gsi, level);
  };
}

function driveFromAfar(state: TranslatedState, gsi: number, level: boolean): void {
  const { signals } = state;
  const bit = 1 << gsi;
  if (level) {
    Atomics.or(signals, LINE.level, bit);
    Atomics.or(signals, LINE.raised, bit);
  } else {
    Atomics.and(signals, LINE.level, ~bit);
  }
  Atomics.or(signals, LINE.changed, bit);
  wakeEngine(state);
}

/** The engine's end of the lines, in the engine's thread. */
export class EngineLines {
  private engine: Engine | undefined;
  /**
   * Set around an MMIO access: v86 has the guest's registers in locals then, so a line that moves meanwhile is taken when the
   * translated block is done.
   */
  held = false;

  constructor(
    private readonly buffer: SharedArrayBuffer,
    private readonly state: TranslatedState,
  ) {
    inThisThread.set(buffer, this);
  }

  /** Wires the lines, at their present levels, to an engine fresh from power-on. */
  attach(engine: Engine): void {
    this.engine = engine;
    const { signals } = this.state;
    Atomics.or(signals, LINE.changed, Atomics.load(signals, LINE.level));
  }

  detach(): void {
    this.engine = undefined;
    if (inThisThread.get(this.buffer) === this) inThisThread.delete(this.buffer);
  }

  drive(gsi: number, level: boolean): void {
    const { signals } = this.state;
    const bit = 1 << gsi;
    if (this.engine === undefined || this.held) {
      driveFromAfar(this.state, gsi, level);
      this.engine?.lookSoon();
      return;
    }
    if (level) Atomics.or(signals, LINE.level, bit);
    else {
      Atomics.and(signals, LINE.level, ~bit);
      Atomics.and(signals, LINE.raised, ~bit);
    }
    this.apply(this.engine, gsi, level);
  }

  /** Takes what other threads drove since the last look. */
  look(): void {
    const { signals } = this.state;
    if (this.engine === undefined || Atomics.load(signals, LINE.changed) === 0) return;
    const changed = Atomics.exchange(signals, LINE.changed, 0);
    const raised = Atomics.exchange(signals, LINE.raised, 0);
    const level = Atomics.load(signals, LINE.level);
    for (let gsi = 0; gsi < GSI_COUNT; gsi++) {
      const bit = 1 << gsi;
      if (!(changed & bit)) continue;
      if (raised & bit) this.apply(this.engine, gsi, false);
      this.apply(this.engine, gsi, (level & bit) !== 0);
    }
  }

  /** A pulse on ISA IRQ 0, which the PIC has on input 0 and the IOAPIC on pin 2. */
  pulseTimer(): void {
    const { engine } = this;
    if (engine === undefined) return;
    engine.exports.device_raise_irq(0);
    engine.exports.device_lower_irq(0);
    const entry = engine.state.getUint32(engine.exports.get_ioapic_addr() + 4 * TIMER_GSI, true);
    if (entry & REDIRECTION_MASKED) return;
    this.driveIoapicOnly(engine, TIMER_GSI, true);
    this.driveIoapicOnly(engine, TIMER_GSI, false);
  }

  private apply(engine: Engine, gsi: number, level: boolean): void {
    if (gsi >= 16 || gsi === CASCADE) this.driveIoapicOnly(engine, gsi, level);
    else if (level) engine.exports.device_raise_irq(gsi);
    else engine.exports.device_lower_irq(gsi);
  }

  /**
   * v86 drives PIC and IOAPIC with one call, and its PIC takes a GSI beyond 15 modulo 8. The PIC's input is told to be where
   * it is being driven to, so that it sees no change, and is put back after.
   */
  private driveIoapicOnly({ state, exports }: Engine, gsi: number, level: boolean): void {
    const pic = gsi < 8 ? exports.get_pic_addr_master() : exports.get_pic_addr_slave();
    const bit = 1 << (gsi & 7);
    const before = state.getUint8(pic + PIC_INPUTS);
    state.setUint8(pic + PIC_INPUTS, before | bit);
    if (level) exports.device_raise_irq(gsi);
    else exports.device_lower_irq(gsi);
    const after = state.getUint8(pic + PIC_INPUTS);
    state.setUint8(pic + PIC_INPUTS, (after & ~bit) | (before & bit));
  }
}
