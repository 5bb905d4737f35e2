import type { ByteRing } from '../../base/byte-ring.ts';
import type { Clock } from '../../base/clock.ts';
import type { Lock } from '../../base/lock.ts';
import type { Arena } from '../../base/shared-struct.ts';
import { ACPI_PM_LENGTH, AcpiPm, AcpiPmState } from '../../devices/acpi/pm.ts';
import {
  DebugConsole,
  DebugConsoleState,
  DebugExit,
  DebugExitState,
  PostCode,
  PostCodeState,
} from '../../devices/legacy/debug-ports.ts';
import { type FirmwareFacts, FW_CFG_PORTS, FwCfg, FwCfgState } from '../../devices/legacy/fw-cfg.ts';
import { I8042, I8042State } from '../../devices/legacy/i8042.ts';
import { Pvpanic, PvpanicState } from '../../devices/legacy/pvpanic.ts';
import { ResetControl, ResetControlState } from '../../devices/legacy/reset-control.ts';
import { RtcCmos, RtcCmosState } from '../../devices/legacy/rtc-cmos.ts';
import { SystemControlA, SystemControlAState } from '../../devices/legacy/system-control-a.ts';
import { Uart16550, Uart16550State } from '../../devices/legacy/uart16550.ts';
import type { MessagePin } from '../../devices/pci/msix.ts';
import type { VirtioSpecification } from '../../devices/virtio/specification.ts';
import type { VirtioPci } from '../../devices/virtio/transport-pci/virtio-pci.ts';
import { type BusCounters, IoBus, type IoDevice } from '../bus/io-bus.ts';
import { type Doorbells, noDoorbells } from '../interrupts/doorbells.ts';
import { type IrqLine, IrqLineState, SharedIrqLine } from '../interrupts/irq-line.ts';
import { SharedTimer, TimerState } from '../interrupts/shared-timer.ts';
import type { KeptTimer } from '../interrupts/timer-keeper.ts';
import { ECAM_ADDRESS, ECAM_SIZE, IRQ, PCI_WINDOW_END, PCI_WINDOW_START, PORT, ramRanges } from '../layout.ts';
import { MACHINE_EVENT, MachineEvents, MachineEventsState } from './machine-events.ts';
import { buildPciBoard } from './pci-board.ts';

/** Room for what a guest prints while the main thread is busy. */
const CONSOLE_OUTPUT_BYTES = 256 * 1024;
/** Room for what visitors type while the guest does not read. */
const CONSOLE_INPUT_BYTES = 4096;
const DEBUG_CONSOLE_BYTES = 64 * 1024;

/** What a machine's configuration says about its board. Cloneable. */
export interface BoardOptions {
  readonly memoryBytes: number;
  readonly debugExit: boolean;
  /** What firmware is told; without it there is no fw_cfg. */
  readonly firmware?: FirmwareFacts | undefined;
  readonly virtio?: readonly VirtioSpecification[];
}

export interface BoardWiring {
  readonly arena: Arena;
  readonly options: BoardOptions;
  /** Drives a GSI of the interrupt chip from the thread that builds the board. */
  readonly setIrq: (gsi: number, level: boolean) => void;
  readonly clock: Clock;
  /** Sends an MSI from this thread; undefined where the accelerator has none. */
  readonly message?: MessagePin | undefined;
  /** Without them nobody serves the devices' queues. */
  readonly doorbells?: Doorbells;
  /** Where this thread's accesses to nothing are counted. */
  readonly counters?: BusCounters;
  /** Keeps the vCPU of this thread from its next instruction: a chip has asked for a reset or to be switched off. */
  readonly halt?: () => void;
}

/** The chips of a machine on their buses, in one thread. Every thread builds its own over the same arena. */
export interface Board {
  readonly ports: IoBus;
  readonly mmio: IoBus;
  readonly events: MachineEvents;
  readonly timers: readonly KeptTimer[];
  readonly console: BoardConsole;
  readonly debugConsole: ByteRing;
  readonly virtio: readonly VirtioPci[];
  /** Every chip to its reset values; bytes on their way in or out stay. */
  reset(): void;
  pressPowerButton(): void;
}

/** The host's end of COM1. */
export interface BoardConsole {
  readonly output: ByteRing;
  /** To be called after taking bytes from `output`. */
  drained(): void;
  /** Offers typed bytes; how many there was room for. */
  type(bytes: Uint8Array): number;
}

interface BoardChip {
  readonly state: { readonly lock: Lock };
  reset(): void;
}

export function buildBoard(wiring: BoardWiring): Board {
  const { arena, options, setIrq, clock, counters, halt } = wiring;
  const ports = new IoBus(counters);
  const mmio = new IoBus(counters);
  const events = new MachineEvents(arena.place(MachineEventsState, 'events'));
  const irq = (gsi: number): IrqLine =>
    new SharedIrqLine(arena.place(IrqLineState, `irq${gsi}`), (level) => setIrq(gsi, level));
  const timer = (name: string): SharedTimer =>
    new SharedTimer(arena.place(TimerState, `timer-${name}`), () => events.raise(MACHINE_EVENT.timers));
  const reset = events.pin(MACHINE_EVENT.reset, halt);
  const powerOff = events.pin(MACHINE_EVENT.powerOff, halt);

  const output = arena.ring('com1-output', CONSOLE_OUTPUT_BYTES);
  const input = arena.ring('com1-input', CONSOLE_INPUT_BYTES);
  const com1 = new Uart16550(arena.place(Uart16550State, 'com1'), { irq: irq(IRQ.com1), output, input });
  ports.claim(PORT.com1, 8, com1, com1.state.lock);

  const rtcTimer = timer('rtc');
  const [low, high] = ramRanges(options.memoryBytes);
  const rtc = new RtcCmos(
    arena.place(RtcCmosState, 'rtc'),
    { irq: irq(IRQ.rtc), timer: rtcTimer, clock },
    { below4GiB: low?.size ?? 0, above4GiB: high?.size ?? 0 },
  );
  ports.claim(PORT.rtc, 2, rtc, rtc.state.lock);

  const i8042 = new I8042(arena.place(I8042State, 'i8042'), { irq: irq(IRQ.keyboard), reset });
  ports.claim(PORT.i8042Data, 1, i8042, i8042.state.lock);
  ports.claim(PORT.i8042Command, 1, offsetBy(PORT.i8042Command - PORT.i8042Data, i8042), i8042.state.lock);

  const pmTimer = timer('acpi-pm');
  const pm = new AcpiPm(arena.place(AcpiPmState, 'acpi-pm'), {
    sci: irq(IRQ.acpi),
    powerOff,
    timer: pmTimer,
    clock,
  });
  ports.claim(PORT.acpiPm, ACPI_PM_LENGTH, pm, pm.state.lock);

  const systemControlA = new SystemControlA(arena.place(SystemControlAState, 'system-control-a'), { reset });
  ports.claim(PORT.systemControlA, 1, systemControlA, systemControlA.state.lock);
  const resetControl = new ResetControl(arena.place(ResetControlState, 'reset-control'), { reset });
  const pci = buildPciBoard({
    arena,
    virtio: options.virtio ?? [],
    setIrq,
    message: wiring.message,
    doorbells: wiring.doorbells ?? noDoorbells,
  });
  ports.claim(PORT.pciConfig, 8, beside(pci.bus.configPorts, PORT.resetControl - PORT.pciConfig, resetControl));
  mmio.claim(ECAM_ADDRESS, ECAM_SIZE, pci.bus.ecam);
  mmio.claim(PCI_WINDOW_START, PCI_WINDOW_END - PCI_WINDOW_START, pci.bus.window(PCI_WINDOW_START));
  const post = new PostCode(arena.place(PostCodeState, 'post'));
  ports.claim(PORT.post, 1, post, post.state.lock);
  const debugConsole = arena.ring('debug-console', DEBUG_CONSOLE_BYTES);
  const debug = new DebugConsole(arena.place(DebugConsoleState, 'debug-console-port'), { output: debugConsole });
  ports.claim(PORT.debugConsole, 1, debug, debug.state.lock);
  const pvpanic = new Pvpanic(arena.place(PvpanicState, 'pvpanic'), { panicked: events.pin(MACHINE_EVENT.panicked) });
  ports.claim(PORT.pvpanic, 1, pvpanic, pvpanic.state.lock);
  if (options.debugExit) {
    const exit = events.pin(MACHINE_EVENT.debugExit, halt);
    const debugExit = new DebugExit(arena.place(DebugExitState, 'debug-exit'), { exit });
    ports.claim(PORT.debugExit, 4, debugExit, debugExit.state.lock);
  }

  const chips: BoardChip[] = [com1, rtc, i8042, pm, systemControlA, resetControl, post, debug, pvpanic];
  if (options.firmware) {
    const fwCfg = new FwCfg(arena.place(FwCfgState, 'fw-cfg'), options.firmware);
    ports.claim(PORT.fwCfg, FW_CFG_PORTS, fwCfg, fwCfg.state.lock);
    chips.push(fwCfg);
    ports.claim(PORT.firmwareDebug, 1, debug, debug.state.lock);
  }
  return {
    ports,
    mmio,
    events,
    timers: [
      { state: rtcTimer.state, expired: () => rtc.state.lock.holding(() => rtc.expired()) },
      { state: pmTimer.state, expired: () => pm.state.lock.holding(() => pm.expired()) },
    ],
    console: {
      output,
      drained: () => {
        if (com1.outputBlocked) com1.state.lock.holding(() => com1.outputDrained());
      },
      type: (bytes) => {
        const count = input.pushBytes(bytes);
        if (count > 0) com1.state.lock.holding(() => com1.inputAvailable());
        return count;
      },
    },
    debugConsole,
    virtio: pci.virtio,
    reset: () => {
      for (const chip of chips) chip.state.lock.holding(() => chip.reset());
      pci.reset();
    },
    pressPowerButton: () => pm.state.lock.holding(() => pm.pressPowerButton()),
  };
}

/** A chip whose registers at this place on the bus start `offset` further in. */
function offsetBy(offset: number, chip: IoDevice): IoDevice {
  return {
    widest: chip.widest,
    read: (at, size) => chip.read(offset + at, size),
    write: (at, size, value) => chip.write(offset + at, size, value),
  };
}

/** A byte-wide chip at `offset` among the registers of another; each access goes to one of them. */
function beside(rest: IoDevice, offset: number, chip: ResetControl): IoDevice {
  const { lock } = chip.state;
  return {
    widest: rest.widest,
    read: (at, size) => (at === offset && size === 1 ? lock.holding(() => chip.read(0, 1)) : rest.read(at, size)),
    write: (at, size, value) => {
      if (at === offset && size === 1) lock.holding(() => chip.write(0, 1, value));
      else rest.write(at, size, value);
    },
  };
}
