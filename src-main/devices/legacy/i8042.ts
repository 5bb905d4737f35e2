/**
 * Intel 8042 keyboard controller of an AT, with a keyboard that never types (IBM PC/AT Technical Reference, 1986,
 * "Keyboard controller" and "Keyboard"): self-tests, command byte, reset line. No AUX port. Every command is answered
 * at once, so that Linux i8042 and atkbd, and SeaBIOS, never wait for one.
 */
import { bytes, type SharedOf, struct, u8 } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import type { IrqLine } from '../../vmm/interrupts/irq-line.ts';
import type { SignalPin } from '../../vmm/interrupts/signal-pin.ts';

const DATA = 0;
/** Status when read. */
const COMMAND = 4;

// Status register, port 0x64.
const STATUS_OUTPUT_FULL = 0x01;
const STATUS_SYSTEM = 0x04;
const STATUS_COMMAND = 0x08;
const STATUS_UNLOCKED = 0x10;
// Command byte, which is byte 0 of the controller's RAM.
const CTR_KEYBOARD_INTERRUPT = 0x01;
const CTR_SYSTEM = 0x04;
const CTR_KEYBOARD_OFF = 0x10;
const CTR_AUX_OFF = 0x20;
const CTR_TRANSLATE = 0x40;
// Output port: both lines are active low on reset, so 1 is rest.
const OUTPUT_NOT_RESET = 0x01;
const OUTPUT_A20 = 0x02;
const OUTPUT_KEYBOARD_FULL = 0x10;
/** Input port: keyboard not inhibited. */
const INPUT_UNLOCKED = 0x80;

const READ_RAM = 0x20;
const WRITE_RAM = 0x60;
const AUX_DISABLE = 0xa7;
const AUX_ENABLE = 0xa8;
const AUX_TEST = 0xa9;
const SELF_TEST = 0xaa;
const KEYBOARD_TEST = 0xab;
const KEYBOARD_DISABLE = 0xad;
const KEYBOARD_ENABLE = 0xae;
const READ_INPUT = 0xc0;
const READ_OUTPUT = 0xd0;
const WRITE_OUTPUT = 0xd1;
const WRITE_KEYBOARD_BUFFER = 0xd2;
const AUX_LOOP = 0xd3;
const AUX_WRITE = 0xd4;
const PULSE_OUTPUT = 0xf0;

const SELF_TEST_PASSED = 0x55;
const KEYBOARD_TEST_PASSED = 0x00;
/** Clock line stuck low: what a controller without an AUX port tells, and what makes Linux look no further. */
const AUX_TEST_FAILED = 0x01;

const ACK = 0xfa;
const RESEND = 0xfe;
const KEYBOARD_PASSED = 0xaa;
const KEYBOARD_ID = [0xab, 0x83] as const;
const SCAN_CODE_SET = 2;
// Commands to the keyboard.
const SET_LEDS = 0xed;
const ECHO = 0xee;
const SET_SCAN_CODES = 0xf0;
const READ_ID = 0xf2;
const SET_TYPEMATIC = 0xf3;
const ENABLE = 0xf4;
const LAST_PLAIN_COMMAND = 0xfd;
const KEYBOARD_RESET = 0xff;

const QUEUE_SIZE = 16;
const RAM_MASK = 0x1f;

export const I8042State = struct('i8042', 1, {
  ram: bytes(32),
  ctr: u8(CTR_TRANSLATE | CTR_AUX_OFF | CTR_SYSTEM | CTR_KEYBOARD_INTERRUPT),
  outputPort: u8(OUTPUT_NOT_RESET | OUTPUT_A20),
  /** The last write was to port 0x64. */
  lastWasCommand: u8(0),
  /** Controller command that waits for its byte on port 0x60, or 0. */
  controllerCommand: u8(0),
  /** Keyboard command that waits for its byte, or 0. */
  keyboardCommand: u8(0),
  /** Output bytes; the first is in the output buffer. */
  queue: bytes(QUEUE_SIZE),
  first: u8(0),
  count: u8(0),
});
export type I8042State = SharedOf<typeof I8042State>;

export interface I8042Pins {
  readonly irq: IrqLine;
  readonly reset: SignalPin;
}

/** Offsets are from port 0x60; those between the two ports are other chips' and read as nothing. */
export class I8042 implements IoDevice {
  readonly widest = 1;

  constructor(
    readonly state: I8042State,
    private readonly pins: I8042Pins,
  ) {}

  read(offset: number, _size: AccessSize): number {
    if (offset === DATA) return this.readData();
    return offset === COMMAND ? this.readStatus() : 0xff;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    if (offset === DATA) this.writeData(value & 0xff);
    else if (offset === COMMAND) this.writeCommand(value & 0xff);
    this.updateIrq();
  }

  /** Host side, under the lock: power-on. */
  reset(): void {
    this.state.reset();
    this.updateIrq();
  }

  private readData(): number {
    const { state } = this;
    const byte = state.queue[state.first]!;
    if (state.count === 0) return byte;
    state.count--;
    // The last byte stays readable, as in the chip's output buffer.
    if (state.count > 0) state.first = (state.first + 1) % QUEUE_SIZE;
    // Each byte interrupts: the line drops in between, or an edge-triggered input would miss the next.
    this.pins.irq.set(false);
    this.updateIrq();
    return byte;
  }

  private readStatus(): number {
    const { count, ctr, lastWasCommand } = this.state;
    return (
      STATUS_UNLOCKED |
      (ctr & CTR_SYSTEM ? STATUS_SYSTEM : 0) |
      (lastWasCommand ? STATUS_COMMAND : 0) |
      (count > 0 ? STATUS_OUTPUT_FULL : 0)
    );
  }

  private writeCommand(command: number): void {
    const { state } = this;
    state.lastWasCommand = 1;
    state.controllerCommand = 0;
    if (command >= PULSE_OUTPUT) {
      // Bits 0 to 3 that are 0 pulse their line of the output port; line 0 is reset.
      if ((command & OUTPUT_NOT_RESET) === 0) this.pins.reset.pulse(0);
    } else if (command >= WRITE_RAM && command <= WRITE_RAM + RAM_MASK) {
      state.controllerCommand = command;
    } else if (command >= READ_RAM && command <= READ_RAM + RAM_MASK) {
      this.push(command === READ_RAM ? state.ctr : state.ram[command & RAM_MASK]!);
    } else {
      this.obey(command);
    }
  }

  private obey(command: number): void {
    const { state } = this;
    switch (command) {
      case AUX_DISABLE:
        state.ctr |= CTR_AUX_OFF;
        break;
      case AUX_ENABLE:
        state.ctr &= ~CTR_AUX_OFF;
        break;
      case AUX_TEST:
        this.push(AUX_TEST_FAILED);
        break;
      case SELF_TEST:
        state.count = 0;
        state.keyboardCommand = 0;
        state.ctr |= CTR_SYSTEM;
        this.push(SELF_TEST_PASSED);
        break;
      case KEYBOARD_TEST:
        this.push(KEYBOARD_TEST_PASSED);
        break;
      case KEYBOARD_DISABLE:
        state.ctr |= CTR_KEYBOARD_OFF;
        break;
      case KEYBOARD_ENABLE:
        state.ctr &= ~CTR_KEYBOARD_OFF;
        break;
      case READ_INPUT:
        this.push(INPUT_UNLOCKED);
        break;
      case READ_OUTPUT:
        this.push(state.outputPort | (state.count > 0 ? OUTPUT_KEYBOARD_FULL : 0));
        break;
      case WRITE_OUTPUT:
      case WRITE_KEYBOARD_BUFFER:
      case AUX_LOOP:
      case AUX_WRITE:
        state.controllerCommand = command;
        break;
    }
  }

  private writeData(value: number): void {
    const { state } = this;
    state.lastWasCommand = 0;
    const command = state.controllerCommand;
    state.controllerCommand = 0;
    if (command !== 0) this.takeControllerByte(command, value);
    else this.takeKeyboardByte(value);
  }

  private takeControllerByte(command: number, value: number): void {
    const { state } = this;
    switch (command) {
      case WRITE_RAM:
        state.ctr = value;
        break;
      case WRITE_OUTPUT:
        // A20 stays on whatever bit 1 says.
        state.outputPort = value | OUTPUT_NOT_RESET | OUTPUT_A20;
        if ((value & OUTPUT_NOT_RESET) === 0) this.pins.reset.pulse(0);
        break;
      case WRITE_KEYBOARD_BUFFER:
      case AUX_LOOP:
        // Without an AUX port the loop answers as the keyboard does, which is how Linux learns that there is none.
        this.push(value);
        break;
      case AUX_WRITE:
        break;
      default:
        state.ram[command & RAM_MASK] = value;
    }
  }

  private takeKeyboardByte(value: number): void {
    const { state } = this;
    state.ctr &= ~CTR_KEYBOARD_OFF;
    const command = state.keyboardCommand;
    state.keyboardCommand = 0;
    // A byte of 0xed and above is a new command, not an argument.
    if (command !== 0 && value < SET_LEDS) {
      this.push(ACK);
      if (command === SET_SCAN_CODES && value === 0) this.push(SCAN_CODE_SET);
      return;
    }
    switch (value) {
      case ECHO:
        this.push(ECHO);
        break;
      case SET_LEDS:
      case SET_SCAN_CODES:
      case SET_TYPEMATIC:
        state.keyboardCommand = value;
        this.push(ACK);
        break;
      case READ_ID:
        this.push(ACK);
        for (const byte of KEYBOARD_ID) this.push(byte);
        break;
      case KEYBOARD_RESET:
        state.count = 0;
        this.push(ACK);
        this.push(KEYBOARD_PASSED);
        break;
      default:
        this.push(value >= ENABLE && value <= LAST_PLAIN_COMMAND ? ACK : RESEND);
    }
  }

  /** A full queue drops the byte: only a driver that never reads can fill it. */
  private push(byte: number): void {
    const { state } = this;
    if (state.count === 0) {
      state.first = 0;
    } else if (state.count === QUEUE_SIZE) {
      return;
    }
    state.queue[(state.first + state.count) % QUEUE_SIZE] = byte;
    state.count++;
  }

  private updateIrq(): void {
    const { count, ctr } = this.state;
    this.pins.irq.set(count > 0 && (ctr & CTR_KEYBOARD_INTERRUPT) !== 0);
  }
}
