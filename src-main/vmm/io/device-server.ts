import type { Disposable } from '../../base/disposable.ts';
import type { Arena } from '../../base/shared-struct.ts';
import { type FdWatcher, VirtioEndpoint, type VirtioHost } from '../../devices/virtio/endpoint.ts';
import type { VirtioSpecification } from '../../devices/virtio/specification.ts';
import type { VirtioPci } from '../../devices/virtio/transport-pci/virtio-pci.ts';
import { IO, IoSignals } from '../interrupts/doorbells.ts';
import type { GuestMemory } from '../memory/guest-memory.ts';
import { makeDevice } from './make-device.ts';

export interface DeviceServerOptions {
  readonly arena: Arena;
  readonly specifications: readonly VirtioSpecification[];
  /** The same devices as their drivers see them, built in this thread. */
  readonly transports: readonly VirtioPci[];
  readonly memory: GuestMemory;
  readonly watcher: FdWatcher;
  /** Whether back ends may complete requests after the call that made them. */
  readonly waits: boolean;
}

/** The device ends of a machine's virtio functions, in the one thread that serves their queues. */
export class DeviceServer implements Disposable {
  readonly endpoints: readonly VirtioEndpoint[];
  private readonly signals: IoSignals;

  constructor({ arena, specifications, transports, memory, watcher, waits }: DeviceServerOptions) {
    this.signals = arena.place(IoSignals, 'io-signals');
    const endpoints: VirtioEndpoint[] = [];
    this.endpoints = endpoints;
    try {
      for (const [device, specification] of specifications.entries()) {
        const make = (host: VirtioHost) => makeDevice(specification, host, { waits, arena });
        endpoints.push(new VirtioEndpoint(transports[device]!, memory, watcher, make));
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Requests under way in all devices. */
  get underWay(): number {
    return this.endpoints.reduce((sum, endpoint) => sum + endpoint.underWay, 0);
  }

  /** Answers what was rung and what changed, through `IoSignals`, since the last call. */
  look(): void {
    const { words, rung } = this.signals;
    const changed = Atomics.exchange(words, IO.changed, 0);
    for (let device = 0; device < this.endpoints.length; device++) {
      const endpoint = this.endpoints[device]!;
      if ((changed & (1 << device)) !== 0) endpoint.changed();
      if (rung[device] !== 0) endpoint.pending |= Atomics.exchange(rung, device, 0);
    }
  }

  /** Whether anything waits for `look` or `turn`. Cheap. */
  get wanted(): boolean {
    const { words, rung } = this.signals;
    if (Atomics.load(words, IO.changed) !== 0) return true;
    for (let device = 0; device < this.endpoints.length; device++) {
      if (rung[device] !== 0 || this.endpoints[device]!.pending !== 0) return true;
    }
    return false;
  }

  /** Gives a turn to every queue that waits for one; true when some still do. */
  turn(): boolean {
    let more = false;
    for (let device = 0; device < this.endpoints.length; device++) {
      const endpoint = this.endpoints[device]!;
      if (endpoint.pending !== 0 && endpoint.turn()) more = true;
    }
    return more;
  }

  /** After a pause: whatever happened meanwhile is found. */
  lookAtAll(): void {
    for (const endpoint of this.endpoints) endpoint.lookAtAll();
  }

  /** RAM is elsewhere in this process's memory than before. */
  memoryMoved(): void {
    for (const endpoint of this.endpoints) endpoint.memoryMoved();
  }

  dispose(): void {
    for (const endpoint of this.endpoints) endpoint.dispose();
  }
}
