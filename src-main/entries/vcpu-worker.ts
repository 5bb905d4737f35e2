/** One vCPU's thread: waits for its vCPU, builds the board over the shared arena and runs the guest until told to end. */
import { parentPort } from 'node:worker_threads';
import { type Clock, systemClock } from '../base/clock.ts';
import { asFailure } from '../base/failure.ts';
import { Arena } from '../base/shared-struct.ts';
import type { MessagePin } from '../devices/pci/msix.ts';
import type { VcpuSeed, VcpuStop } from '../hypervisor/hypervisor.ts';
import { currentThreadId, nameCurrentThread, pinCurrentThread } from '../linux/thread.ts';
import type { Doorbells } from '../vmm/interrupts/doorbells.ts';
import type { LocalQueues } from '../vmm/io/local-queues.ts';
import { type Board, type BoardOptions, buildBoard } from '../vmm/machine/board.ts';
import { REQUEST, SIGNAL, VCPU, VcpuControl } from '../vmm/vcpu/vcpu-control.ts';
import type { VcpuAssignment, VcpuMessage } from '../vmm/vcpu/vcpu-threads.ts';

type Run = (board: Board, control: VcpuControl, queues: LocalQueues | undefined) => VcpuStop | Promise<VcpuStop>;
interface Driver {
  readonly setIrq: (gsi: number, level: boolean) => void;
  readonly message?: MessagePin;
  readonly doorbells: Doorbells;
  readonly clock: Clock;
  readonly run: Run;
}

async function driverFor(seed: VcpuSeed, arena: Arena): Promise<Driver> {
  if (seed.accelerator === 'kvm') {
    const [{ kvmIrqDriver }, { kvmMessagePin }, { kvmDoorbells }, { runKvmVcpu }] = await Promise.all([
      import('../hypervisor/kvm/irq-driver.ts'),
      import('../hypervisor/kvm/message.ts'),
      import('../hypervisor/kvm/doorbells.ts'),
      import('../hypervisor/kvm/run-loop.ts'),
    ]);
    return {
      setIrq: kvmIrqDriver(seed.vmFd),
      message: kvmMessagePin(seed.vmFd),
      doorbells: kvmDoorbells(seed.vmFd, arena, seed.doorbells),
      clock: systemClock,
      run: ({ ports, mmio }, control) => runKvmVcpu({ seed, control, ports, mmio }),
    };
  }
  const { translatedIrqDriver } = await import('../hypervisor/translated/irq-driver.ts');
  const { guestClock, placeTranslatedState } = await import('../hypervisor/translated/translated-state.ts');
  const { translatedDoorbells } = await import('../hypervisor/translated/doorbells.ts');
  const { runTranslatedVcpu } = await import('../hypervisor/translated/vcpu.ts');
  return {
    setIrq: translatedIrqDriver(arena),
    doorbells: translatedDoorbells(arena),
    clock: guestClock(placeTranslatedState(arena).state),
    run: ({ ports, mmio }, control, queues) => runTranslatedVcpu({ seed, arena, control, ports, mmio, queues }),
  };
}

function tell(message: VcpuMessage): void {
  parentPort?.postMessage(message);
}

/** The queues of a machine whose RAM is in this thread are served here. */
async function localQueues(arena: Arena, board: Board, options: BoardOptions): Promise<LocalQueues | undefined> {
  if (!options.virtio?.length) return undefined;
  const { LocalQueues } = await import('../vmm/io/local-queues.ts');
  return new LocalQueues(arena, options.virtio, board.virtio);
}

async function main({ seed, board: options, hostCpus }: VcpuAssignment): Promise<void> {
  const arena = Arena.attach(seed.arena);
  const control = arena.place(VcpuControl, `vcpu${seed.index}`);
  nameCurrentThread(`vcpu${seed.index}`);
  if (hostCpus !== undefined) pinCurrentThread(hostCpus);
  control.tid = currentThreadId();
  const { setIrq, message, doorbells, clock, run } = await driverFor(seed, arena);
  // Only an order to run is replaced: the main thread may have ordered something else meanwhile.
  const halt = (): void => void Atomics.compareExchange(control.signals, SIGNAL.request, REQUEST.run, REQUEST.pause);
  const board = buildBoard({ arena, setIrq, message, doorbells, clock, options, counters: control, halt });
  const queues = seed.accelerator === 'translated' ? await localQueues(arena, board, options) : undefined;
  for (;;) {
    const stop = await run(board, control, queues);
    if (stop.kind === 'stopped') break;
    halt();
    tell({ stop, generation: control.generation });
  }
  queues?.dispose();
  control.tid = 0;
  Atomics.store(control.signals, SIGNAL.state, VCPU.stopped);
  Atomics.notify(control.signals, SIGNAL.state);
}

parentPort?.once('message', (assignment: VcpuAssignment) => {
  main(assignment).catch((error: unknown) => tell({ failure: asFailure(error).toJSON() }));
});
