import type { Disposable } from '../../base/disposable.ts';
import type { Arena } from '../../base/shared-struct.ts';
import type { VirtioSpecification } from '../../devices/virtio/specification.ts';
import type { VirtioPci } from '../../devices/virtio/transport-pci/virtio-pci.ts';
import { GuestMemory } from '../memory/guest-memory.ts';
import { DeviceServer } from './device-server.ts';
import { WatchedFds } from './watched-fds.ts';

/**
 * Queues served in the thread whose memory is guest RAM, between slices of guest code: RAM is a WebAssembly memory that
 * no other thread sees, and that may be elsewhere the next time.
 */
export class LocalQueues implements Disposable {
  private readonly server: DeviceServer;
  private readonly backends = new WatchedFds('virtqueues');
  private readonly memory: GuestMemory;
  private ram: Uint8Array | undefined;
  private wrote: (gpa: number, length: number) => void = () => {};

  constructor(arena: Arena, specifications: readonly VirtioSpecification[], transports: readonly VirtioPci[]) {
    this.memory = new GuestMemory([], (gpa, length) => this.wrote(gpa, length));
    const { memory, backends } = this;
    this.server = new DeviceServer({
      arena,
      specifications,
      transports,
      memory,
      watcher: (fd, interest, ready) => backends.watch(fd, interest, ready),
      waits: false,
    });
  }

  get wanted(): boolean {
    return this.server.wanted || (this.backends.any && this.backends.wait(0));
  }

  get waitFd(): number {
    return this.backends.any ? this.backends.number : -1;
  }

  serve(ram: Uint8Array, wrote: (gpa: number, length: number) => void): void {
    this.wrote = wrote;
    if (this.ram?.buffer !== ram.buffer || this.ram.byteOffset !== ram.byteOffset) {
      this.ram = ram;
      this.memory.replace([{ gpa: 0, bytes: ram }]);
      this.server.memoryMoved();
    }
    this.server.look();
    if (this.backends.any) this.backends.take(0);
    this.server.turn();
  }

  dispose(): void {
    this.server.dispose();
    this.backends.dispose();
  }
}
