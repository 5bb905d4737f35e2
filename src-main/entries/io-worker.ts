/** The I/O thread of one machine on KVM: serves the virtqueues, woken by ioeventfds, until told to stop. */
import { parentPort } from 'node:worker_threads';
import { owning } from '../base/disposable.ts';
import { asFailure } from '../base/failure.ts';
import { Arena } from '../base/shared-struct.ts';
import { kvmDoorbells } from '../hypervisor/kvm/doorbells.ts';
import { kvmIrqDriver } from '../hypervisor/kvm/irq-driver.ts';
import { kvmMessagePin } from '../hypervisor/kvm/message.ts';
import { nameCurrentThread } from '../linux/thread.ts';
import { IoSignals } from '../vmm/interrupts/doorbells.ts';
import { DeviceServer } from '../vmm/io/device-server.ts';
import { IoLoop } from '../vmm/io/io-loop.ts';
import type { IoAssignment, IoMessage } from '../vmm/io/io-thread.ts';
import { buildPciBoard } from '../vmm/machine/pci-board.ts';
import { GuestMemory } from '../vmm/memory/guest-memory.ts';

function tell(message: IoMessage): void {
  parentPort?.postMessage(message);
}

function serve({ seed, virtio }: IoAssignment): void {
  nameCurrentThread('io');
  const arena = Arena.attach(seed.arena);
  const board = buildPciBoard({
    arena,
    virtio,
    setIrq: kvmIrqDriver(seed.vmFd),
    message: kvmMessagePin(seed.vmFd),
    doorbells: kvmDoorbells(seed.vmFd, arena, seed.doorbells),
  });
  owning((owner) => {
    const loop = owner.own(new IoLoop(arena.place(IoSignals, 'io-signals')));
    const server = new DeviceServer({
      arena,
      specifications: virtio,
      transports: board.virtio,
      memory: GuestMemory.attach(seed.ram),
      watcher: (fd, interest, ready) => loop.watch(fd, interest, ready),
      waits: true,
    });
    loop.answer(seed.doorbells.control, () => server.look());
    for (const [device, queues] of seed.doorbells.queues.entries()) {
      const endpoint = server.endpoints[device]!;
      for (const [queue, fd] of queues.entries()) loop.answer(fd, () => endpoint.serve(queue));
    }
    tell({ ready: true });
    loop.run(server);
    owner.dispose();
  });
}

parentPort?.once('message', (assignment: IoAssignment) => {
  try {
    serve(assignment);
  } catch (error) {
    tell({ failure: asFailure(error).toJSON() });
  }
});
