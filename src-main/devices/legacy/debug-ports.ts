/**
 * Ports for whoever looks at a guest from outside: POST codes at 0x80 (IBM PC/AT), the Bochs and QEMU debug console at
 * 0xe9, QEMU's isa-debug-exit at 0xf4 (hw/misc/debugexit.c). Guest users: firmware, kernels' early output, test guests.
 */
import type { ByteSink } from '../../base/byte-ring.ts';
import { f64, type SharedOf, struct, u8, u32 } from '../../base/shared-struct.ts';
import type { AccessSize, IoDevice } from '../../vmm/bus/io-bus.ts';
import type { SignalPin } from '../../vmm/interrupts/signal-pin.ts';

/** What a read of the console's port answers, so that a guest can tell it is there. */
const DEBUG_CONSOLE_PRESENT = 0xe9;

export const PostCodeState = struct('post-code', 1, {
  code: u8(0),
  /** Writes so far: Linux delays its I/O by writing here, so the code alone shows little. */
  writes: f64(0),
});
export type PostCodeState = SharedOf<typeof PostCodeState>;

export class PostCode implements IoDevice {
  readonly widest = 1;

  constructor(readonly state: PostCodeState) {}

  read(_offset: number, _size: AccessSize): number {
    return this.state.code;
  }

  write(_offset: number, _size: AccessSize, value: number): void {
    this.state.code = value;
    this.state.writes++;
  }

  /** Host side, under the lock: power-on. */
  reset(): void {
    this.state.reset();
  }
}

export const DebugConsoleState = struct('debug-console', 1, {
  /** Bytes written while the sink was full. */
  droppedBytes: f64(0),
});
export type DebugConsoleState = SharedOf<typeof DebugConsoleState>;

export interface DebugConsolePins {
  readonly output: ByteSink;
}

export class DebugConsole implements IoDevice {
  readonly widest = 1;

  constructor(
    readonly state: DebugConsoleState,
    private readonly pins: DebugConsolePins,
  ) {}

  read(_offset: number, _size: AccessSize): number {
    return DEBUG_CONSOLE_PRESENT;
  }

  write(_offset: number, _size: AccessSize, value: number): void {
    if (!this.pins.output.push(value & 0xff)) this.state.droppedBytes++;
  }

  /** Host side, under the lock: power-on. Bytes in the sink stay. */
  reset(): void {
    this.state.reset();
  }
}

export const DebugExitState = struct('debug-exit', 1, {
  /** The last value written. */
  code: u32(0),
});
export type DebugExitState = SharedOf<typeof DebugExitState>;

export interface DebugExitPins {
  readonly exit: SignalPin;
}

/** Four ports that end the machine with the value written; the pin makes an exit status of it. */
export class DebugExit implements IoDevice {
  readonly widest = 4;

  constructor(
    readonly state: DebugExitState,
    private readonly pins: DebugExitPins,
  ) {}

  read(_offset: number, _size: AccessSize): number {
    return 0;
  }

  write(_offset: number, _size: AccessSize, value: number): void {
    this.state.code = value;
    this.pins.exit.pulse(value >>> 0);
  }

  /** Host side, under the lock: power-on. */
  reset(): void {
    this.state.reset();
  }
}
