import type { ByteRing } from '../../src-main/base/byte-ring.ts';
import { systemClock } from '../../src-main/base/clock.ts';
import type { Arena } from '../../src-main/base/shared-struct.ts';
import { struct, words } from '../../src-main/base/shared-struct.ts';
import { RtcCmos, RtcCmosState } from '../../src-main/devices/legacy/rtc-cmos.ts';
import { Uart16550, Uart16550State } from '../../src-main/devices/legacy/uart16550.ts';
import { placeTranslatedState } from '../../src-main/hypervisor/translated/translated-state.ts';
import { type AccessSize, IoBus, type IoDevice } from '../../src-main/vmm/bus/io-bus.ts';
import { IrqLineState, SharedIrqLine } from '../../src-main/vmm/interrupts/irq-line.ts';
import { IRQ, PORT } from '../../src-main/vmm/layout.ts';
import { VcpuControl } from '../../src-main/vmm/vcpu/vcpu-control.ts';

/** Ports of the board's own test chips. */
export const TEST_PORT = { log: 0x500, raise: 0x510, lower: 0x511 } as const;
/** Where the board's MMIO register file is; writing its last word raises GSI 5. */
export const TEST_MMIO = 0xd000_0000;
const TEST_MMIO_BYTES = 0x1000;

/** Everything an access was made of, as the test sees it: [kind | size, address, value] in turn, count first. */
export const AccessLog = struct('access-log', 1, { entries: words(3001) });

export interface TestBoard {
  readonly control: VcpuControl;
  readonly ports: IoBus;
  readonly mmio: IoBus;
  readonly uart: Uart16550;
  readonly output: ByteRing;
  readonly input: ByteRing;
  readonly log: Int32Array;
}

/** The same board in every thread that calls this on the same arena. */
export function buildTestBoard(arena: Arena, setIrq: (gsi: number, level: boolean) => void): TestBoard {
  placeTranslatedState(arena);
  const control = arena.place(VcpuControl, 'vcpu0');
  const log = arena.place(AccessLog, 'log').entries;
  const output = arena.ring('com1-out', 1 << 18);
  const input = arena.ring('com1-in', 1 << 12);
  const state = arena.place(Uart16550State, 'com1');
  const irq = new SharedIrqLine(arena.place(IrqLineState, 'com1-irq'), (level) => setIrq(IRQ.com1, level));
  const uart = new Uart16550(state, { irq, output, input });
  const ports = new IoBus();
  ports.claim(PORT.com1, 8, uart, state.lock);
  const rtc = new RtcCmos(
    arena.place(RtcCmosState, 'rtc'),
    { irq: { set: () => {} }, timer: { arm: () => {}, disarm: () => {} }, clock: systemClock },
    { below4GiB: 0, above4GiB: 0 },
  );
  ports.claim(PORT.rtc, 2, rtc, rtc.state.lock);
  ports.claim(TEST_PORT.log, 4, new LoggingPort(log));
  ports.claim(TEST_PORT.raise, 2, new IrqPort(setIrq));
  const mmio = new IoBus();
  mmio.claim(TEST_MMIO, TEST_MMIO_BYTES, new RegisterFile(log, setIrq));
  return { control, ports, mmio, uart, output, input, log };
}

function record(log: Int32Array, kind: number, address: number, value: number): void {
  const at = Atomics.load(log, 0);
  if (at >= 1000) return;
  log.set([kind, address, value | 0], 1 + 3 * at);
  Atomics.store(log, 0, at + 1);
  Atomics.notify(log, 0);
}

class LoggingPort implements IoDevice {
  readonly widest = 4;

  constructor(private readonly log: Int32Array) {}

  read(offset: number, size: AccessSize): number {
    record(this.log, 0x10 | size, offset, 0);
    return 0x8765_4321;
  }

  write(offset: number, size: AccessSize, value: number): void {
    record(this.log, 0x20 | size, offset, value);
  }
}

class IrqPort implements IoDevice {
  readonly widest = 1;

  constructor(private readonly setIrq: (gsi: number, level: boolean) => void) {}

  read(): number {
    return 0xff;
  }

  write(offset: number, _size: AccessSize, value: number): void {
    this.setIrq(value, offset === 0);
  }
}

class RegisterFile implements IoDevice {
  readonly widest = 4;
  private readonly registers = new DataView(new ArrayBuffer(TEST_MMIO_BYTES));

  constructor(
    private readonly log: Int32Array,
    private readonly setIrq: (gsi: number, level: boolean) => void,
  ) {}

  read(offset: number, size: AccessSize): number {
    record(this.log, 0x30 | size, offset, 0);
    if (size === 1) return this.registers.getUint8(offset);
    return size === 2 ? this.registers.getUint16(offset, true) : this.registers.getUint32(offset, true);
  }

  write(offset: number, size: AccessSize, value: number): void {
    record(this.log, 0x40 | size, offset, value);
    if (size === 1) this.registers.setUint8(offset, value);
    else if (size === 2) this.registers.setUint16(offset, value, true);
    else this.registers.setUint32(offset, value, true);
    if (offset === TEST_MMIO_BYTES - 4) this.setIrq(5, value !== 0);
  }
}
