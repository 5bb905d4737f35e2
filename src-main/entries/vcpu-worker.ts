/** One vCPU's thread: waits for its vCPU, builds the board over the shared arena and runs the guest until told to end. */
import { parentPort } from 'node:worker_threads';
import { type Clock, systemClock } from '../base/clock.ts';
import { asFailure } from '../base/failure.ts';
import { Arena } from '../base/shared-struct.ts';
import type { VcpuSeed, VcpuStop } from '../hypervisor/hypervisor.ts';
import { currentThreadId, nameCurrentThread } from '../linux/thread.ts';
import { type Board, buildBoard } from '../vmm/machine/board.ts';
import { REQUEST, SIGNAL, VCPU, VcpuControl } from '../vmm/vcpu/vcpu-control.ts';
import type { VcpuAssignment, VcpuMessage } from '../vmm/vcpu/vcpu-threads.ts';

type Run = (board: Board, control: VcpuControl) => VcpuStop | Promise<VcpuStop>;
interface Driver {
  readonly setIrq: (gsi: number, level: boolean) => void;
  readonly clock: Clock;
  readonly run: Run;
}

async function driverFor(seed: VcpuSeed, arena: Arena): Promise<Driver> {
  if (seed.accelerator === 'kvm') {
    const [{ kvmIrqDriver }, { runKvmVcpu }] = await Promise.all([
      import('../hypervisor/kvm/irq-driver.ts'),
      import('../hypervisor/kvm/run-loop.ts'),
    ]);
    return {
      setIrq: kvmIrqDriver(seed.vmFd),
      clock: systemClock,
      run: ({ ports, mmio }, control) => runKvmVcpu({ seed, control, ports, mmio }),
    };
  }
  const { translatedIrqDriver } = await import('../hypervisor/translated/irq-driver.ts');
  const { guestClock, placeTranslatedState } = await import('../hypervisor/translated/translated-state.ts');
  const { runTranslatedVcpu } = await import('../hypervisor/translated/vcpu.ts');
  return {
    setIrq: translatedIrqDriver(arena),
    clock: guestClock(placeTranslatedState(arena).state),
    run: ({ ports, mmio }, control) => runTranslatedVcpu({ seed, arena, control, ports, mmio }),
  };
}

function tell(message: VcpuMessage): void {
  parentPort?.postMessage(message);
}

async function main({ seed, board: options }: VcpuAssignment): Promise<void> {
  const arena = Arena.attach(seed.arena);
  const control = arena.place(VcpuControl, `vcpu${seed.index}`);
  nameCurrentThread(`vcpu${seed.index}`);
  control.tid = currentThreadId();
  const { setIrq, clock, run } = await driverFor(seed, arena);
  // Only an order to run is replaced: the main thread may have ordered something else meanwhile.
  const halt = (): void => void Atomics.compareExchange(control.signals, SIGNAL.request, REQUEST.run, REQUEST.pause);
  const board = buildBoard({ arena, setIrq, clock, options, counters: control, halt });
  for (;;) {
    const stop = await run(board, control);
    if (stop.kind === 'stopped') break;
    halt();
    tell({ stop, generation: control.generation });
  }
  control.tid = 0;
  Atomics.store(control.signals, SIGNAL.state, VCPU.stopped);
  Atomics.notify(control.signals, SIGNAL.state);
}

parentPort?.once('message', (assignment: VcpuAssignment) => {
  main(assignment).catch((error: unknown) => tell({ failure: asFailure(error).toJSON() }));
});
