/**
 * 16550A serial port (National Semiconductor PC16550D, June 1995), as COM1 of a PC: registers §8.0, FIFOs, loopback and
 * all interrupt causes. The line has no speed: a byte leaves as soon as the sink has room. Guest driver: Linux 8250.
 */
import type { ByteSink, ByteSource } from '../../base/byte-ring.ts';
import { bytes, f64, type SharedOf, struct, u8, u16, words } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import type { IrqLine } from '../../vmm/interrupts/irq-line.ts';

// Register offsets, PC16550D table II. With DLAB set, 0 and 1 are the divisor latch.
const RBR_THR = 0;
const IER = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

// §8.7 IER
const IER_RX = 0x01;
const IER_TX = 0x02;
const IER_LINE = 0x04;
const IER_MODEM = 0x08;
const IER_MASK = 0x0f;
// §8.6 IIR, table IV
const IIR_MODEM = 0x00;
const IIR_NONE = 0x01;
const IIR_TX = 0x02;
const IIR_RX = 0x04;
const IIR_LINE = 0x06;
const IIR_TIMEOUT = 0x0c;
const IIR_FIFOS = 0xc0;
// §8.5 FCR
const FCR_ENABLE = 0x01;
const FCR_CLEAR_RX = 0x02;
const FCR_TRIGGER_SHIFT = 6;
const FCR_KEPT = 0xc9;
const TRIGGER_LEVELS = [1, 4, 8, 14] as const;
// §8.1 LCR
const LCR_DLAB = 0x80;
// §8.8 MCR
const MCR_DTR = 0x01;
const MCR_RTS = 0x02;
const MCR_OUT1 = 0x04;
const MCR_OUT2 = 0x08;
const MCR_LOOP = 0x10;
const MCR_MASK = 0x1f;
// §8.4 LSR
const LSR_DR = 0x01;
const LSR_OE = 0x02;
const LSR_BI = 0x10;
const LSR_ERRORS = 0x1e;
const LSR_THRE_TEMT = 0x60;
const LSR_FIFO_ERROR = 0x80;
// §8.9 MSR
const MSR_DELTAS = 0x0f;
const MSR_TERI = 0x04;
const MSR_CTS = 0x10;
const MSR_DSR = 0x20;
const MSR_RI = 0x40;
const MSR_DCD = 0x80;
/** The far end is always there and ready. */
const MSR_CONNECTED = MSR_DCD | MSR_DSR | MSR_CTS;

const FIFO_SIZE = 16;

/** Registers at their values after master reset (PC16550D table I), then what the programmer's model does not show. */
export const Uart16550State = struct('uart16550', 1, {
  ier: u8(0),
  fcr: u8(0),
  lcr: u8(0),
  mcr: u8(0),
  /** Error bits only: the rest of LSR follows from the FIFOs. */
  lsrErrors: u8(0),
  msr: u8(MSR_CONNECTED),
  scr: u8(0),
  dll: u8(0),
  dlm: u8(0),
  rxFifo: bytes(FIFO_SIZE),
  rxFirst: u8(0),
  rxCount: u8(0),
  /** Bit n: slot n of `rxFifo` is a break. */
  rxBreaks: u16(0),
  /** A break that found the receiver full. */
  breakWaiting: u8(0),
  thre: u8(1),
  /** THRE happened and was neither read from IIR nor answered by a byte. */
  thrInterrupt: u8(0),
  /** One word, for Atomics: 1 while the transmitter waits for `outputDrained`. */
  outputBlocked: words(1),
  /** Bytes written while the sink was full. */
  droppedBytes: f64(0),
  /** Bytes lost to receiver overrun, which only loopback can cause. */
  overrunBytes: f64(0),
});
export type Uart16550State = SharedOf<typeof Uart16550State>;

export interface Uart16550Pins {
  readonly irq: IrqLine;
  /** Needs room for at least 16 bytes. */
  readonly output: ByteSink;
  readonly input: ByteSource;
}

export class Uart16550 implements IoDevice {
  readonly widest = 1;

  constructor(
    readonly state: Uart16550State,
    private readonly pins: Uart16550Pins,
  ) {}

  read(offset: number, _size: AccessSize): number {
    const value = this.readRegister(offset);
    this.updateIrq();
    return value;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    this.writeRegister(offset, value & 0xff);
    this.updateIrq();
  }

  /** Host side, under the lock: `input` has got bytes. */
  inputAvailable(): void {
    this.refill();
    this.updateIrq();
  }

  /** Whether the guest waits for room in `output`; readable without the lock. */
  get outputBlocked(): boolean {
    return Atomics.load(this.state.outputBlocked, 0) !== 0;
  }

  /** Host side, under the lock: `output` has been emptied somewhat. Needed only while `outputBlocked`. */
  outputDrained(): void {
    this.updateTransmitter();
    this.updateIrq();
  }

  /** Host side, under the lock: a break condition on the receive line, ahead of bytes still in `input` (SysRq). */
  sendBreak(): void {
    this.state.breakWaiting = 1;
    this.refill();
    this.updateIrq();
  }

  /** Host side, under the lock: master reset. Bytes in `input` and `output` stay. */
  reset(): void {
    this.state.reset();
    this.updateTransmitter();
    this.refill();
    this.updateIrq();
  }

  private readRegister(offset: number): number {
    const { state } = this;
    const latch = (state.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case RBR_THR:
        return latch ? state.dll : this.receive();
      case IER:
        return latch ? state.dlm : state.ier;
      case IIR_FCR:
        return this.identifyInterrupt();
      case LCR:
        return state.lcr;
      case MCR:
        return state.mcr;
      case LSR:
        return this.readLineStatus();
      case MSR:
        return this.readModemStatus();
      case SCR:
        return state.scr;
      default:
        return 0xff;
    }
  }

  private writeRegister(offset: number, value: number): void {
    const { state } = this;
    const latch = (state.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case RBR_THR:
        if (latch) state.dll = value;
        else this.transmit(value);
        break;
      case IER:
        if (latch) state.dlm = value;
        else this.enableInterrupts(value & IER_MASK);
        break;
      case IIR_FCR:
        this.controlFifos(value);
        break;
      case LCR:
        state.lcr = value;
        break;
      case MCR:
        this.controlModem(value & MCR_MASK);
        break;
      case SCR:
        state.scr = value;
        break;
      // LSR and MSR: "writing is not recommended", and changes nothing here.
    }
  }

  private receive(): number {
    const { state } = this;
    if (state.rxCount === 0) return 0;
    const slot = state.rxFirst;
    state.rxBreaks &= ~(1 << slot);
    state.rxFirst = (slot + 1) % FIFO_SIZE;
    state.rxCount--;
    this.revealBreak();
    const byte = state.rxFifo[slot]!;
    this.refill();
    return byte;
  }

  private transmit(byte: number): void {
    const { state } = this;
    state.thrInterrupt = 0;
    if ((state.mcr & MCR_LOOP) !== 0) {
      this.loopBack(byte);
      state.thrInterrupt = state.thre;
      return;
    }
    if (!this.pins.output.push(byte)) state.droppedBytes++;
    state.thre = 0;
    this.updateTransmitter();
  }

  private loopBack(byte: number): void {
    const { state } = this;
    if (state.rxCount < this.depth) {
      this.accept(byte, false);
      return;
    }
    state.lsrErrors |= LSR_OE;
    state.overrunBytes++;
  }

  /** §8.7: enabling the THRE interrupt while THRE is set raises it. */
  private enableInterrupts(value: number): void {
    const { state } = this;
    if (((state.ier ^ value) & IER_TX) !== 0) state.thrInterrupt = (value & IER_TX) !== 0 ? state.thre : 0;
    state.ier = value;
  }

  /** §8.5: a change of the enable bit empties both FIFOs; the other bits count only while it is set. */
  private controlFifos(value: number): void {
    const { state } = this;
    if (((value ^ state.fcr) & FCR_ENABLE) !== 0 || (value & FCR_CLEAR_RX) !== 0) {
      state.rxCount = 0;
      state.rxBreaks = 0;
    }
    state.fcr = (value & FCR_ENABLE) !== 0 ? value & FCR_KEPT : 0;
    this.updateTransmitter();
    this.refill();
  }

  private controlModem(value: number): void {
    const { state } = this;
    state.mcr = value;
    const before = state.msr;
    const lines = (value & MCR_LOOP) === 0 ? MSR_CONNECTED : loopedLines(value);
    const changed = (before ^ lines) >> 4;
    // TERI tells only the end of a ring (§8.9 bit 2); its neighbours tell any change.
    const deltas = (before & MSR_RI) !== 0 ? changed : changed & ~MSR_TERI;
    state.msr = lines | (before & MSR_DELTAS) | (deltas & MSR_DELTAS);
    this.refill();
  }

  private readLineStatus(): number {
    const { state } = this;
    if (state.thre === 0) this.updateTransmitter();
    let value = state.lsrErrors;
    if (state.rxCount > 0) value |= LSR_DR;
    if (state.thre !== 0) value |= LSR_THRE_TEMT;
    if (state.rxBreaks !== 0 && (state.fcr & FCR_ENABLE) !== 0) value |= LSR_FIFO_ERROR;
    state.lsrErrors = 0;
    if (state.rxCount > 0) state.rxBreaks &= ~(1 << state.rxFirst);
    return value;
  }

  private readModemStatus(): number {
    const value = this.state.msr;
    this.state.msr = value & ~MSR_DELTAS;
    return value;
  }

  private identifyInterrupt(): number {
    const { state } = this;
    const cause = this.cause();
    if (cause === IIR_TX) state.thrInterrupt = 0;
    return (state.fcr & FCR_ENABLE) !== 0 ? cause | IIR_FIFOS : cause;
  }

  /** The pending interrupt of highest priority, table IV. */
  private cause(): number {
    const { ier, lsrErrors, rxCount, fcr, thrInterrupt, msr } = this.state;
    if ((ier & IER_LINE) !== 0 && (lsrErrors & LSR_ERRORS) !== 0) return IIR_LINE;
    if ((ier & IER_RX) !== 0 && rxCount > 0) {
      if ((fcr & FCR_ENABLE) === 0 || rxCount >= TRIGGER_LEVELS[fcr >> FCR_TRIGGER_SHIFT]!) return IIR_RX;
      // Departs from PC16550D §8.11: no wait of four character times, because bytes here come at no speed.
      return IIR_TIMEOUT;
    }
    if ((ier & IER_TX) !== 0 && thrInterrupt !== 0) return IIR_TX;
    if ((ier & IER_MODEM) !== 0 && (msr & MSR_DELTAS) !== 0) return IIR_MODEM;
    return IIR_NONE;
  }

  private get depth(): number {
    return (this.state.fcr & FCR_ENABLE) !== 0 ? FIFO_SIZE : 1;
  }

  /** Takes from `input` what the receiver holds. In loopback the receive line is disconnected (§8.8 bit 4). */
  private refill(): void {
    const { state, pins } = this;
    if ((state.mcr & MCR_LOOP) !== 0) return;
    const depth = this.depth;
    if (state.breakWaiting !== 0 && state.rxCount < depth) {
      state.breakWaiting = 0;
      this.accept(0, true);
    }
    while (state.rxCount < depth) {
      const byte = pins.input.shift();
      if (byte < 0) return;
      this.accept(byte, false);
    }
  }

  private accept(byte: number, isBreak: boolean): void {
    const { state } = this;
    const slot = (state.rxFirst + state.rxCount) % FIFO_SIZE;
    state.rxFifo[slot] = byte;
    if (isBreak) state.rxBreaks |= 1 << slot;
    state.rxCount++;
    if (state.rxCount === 1) this.revealBreak();
  }

  /** §8.4: a break is told when its character is at the top of the FIFO. */
  private revealBreak(): void {
    const { state } = this;
    if (state.rxCount > 0 && (state.rxBreaks & (1 << state.rxFirst)) !== 0) state.lsrErrors |= LSR_BI;
  }

  /**
   * THRE promises the driver a whole burst: 16 bytes with FIFOs, 1 without. Departs from PC16550D §8.11, where it means
   * an empty FIFO, because a slow reader of `output` must hold the guest back rather than lose bytes.
   */
  private updateTransmitter(): void {
    const { state, pins } = this;
    const burst = this.depth;
    let ready = pins.output.space >= burst;
    if (!ready) {
      // The reader makes room, then looks at the flag; so the flag goes first here, then the second look.
      Atomics.store(state.outputBlocked, 0, 1);
      ready = pins.output.space >= burst;
    }
    if (!ready) {
      state.thre = 0;
      return;
    }
    if (state.outputBlocked[0] !== 0) Atomics.store(state.outputBlocked, 0, 0);
    if (state.thre !== 0) return;
    state.thre = 1;
    state.thrInterrupt = 1;
  }

  /** On a PC, OUT2 gates the line to the interrupt chip, and loopback takes OUT2 off its pin (§8.8 bit 4). */
  private updateIrq(): void {
    const gated = (this.state.mcr & (MCR_OUT2 | MCR_LOOP)) === MCR_OUT2;
    this.pins.irq.set(gated && this.cause() !== IIR_NONE);
  }
}

/** §8.8 bit 4: the modem outputs as the modem inputs see them in loopback. */
function loopedLines(mcr: number): number {
  let lines = 0;
  if ((mcr & MCR_RTS) !== 0) lines |= MSR_CTS;
  if ((mcr & MCR_DTR) !== 0) lines |= MSR_DSR;
  if ((mcr & MCR_OUT1) !== 0) lines |= MSR_RI;
  if ((mcr & MCR_OUT2) !== 0) lines |= MSR_DCD;
  return lines;
}
