import { CONSOLE, type PlacedConsole } from '../../devices/virtio/console/console-state.ts';
import { CONSOLE_CONFIG, CONTROL_QUEUE, receiveQueueOf } from '../../devices/virtio/console/numbers.ts';
import type { VirtioPci } from '../../devices/virtio/transport-pci/virtio-pci.ts';
import type { BoardConsole } from './board.ts';

/** The host's ends of a virtio console's ports: in the VM host's main thread. */
export class ConsolePorts {
  readonly ends: readonly BoardConsole[];

  /** @param ring rings the doorbell of a queue in the guest's place */
  constructor(
    private readonly transport: VirtioPci,
    private readonly placed: PlacedConsole,
    private readonly ring: (queue: number) => void,
  ) {
    this.ends = placed.rings.map((_, port) => this.endOf(port));
  }

  /** The terminal at the console has this size (virtio 1.2 §5.3.6.2; §5.3.4 for drivers of one port). */
  resize(columns: number, rows: number): void {
    const { words } = this.placed.state;
    Atomics.store(words, CONSOLE.size, (columns << 16) | rows);
    Atomics.store(words, CONSOLE.resized, 1);
    this.transport.changeConfig(CONSOLE_CONFIG.cols, Uint8Array.of(columns, columns >> 8, rows, rows >> 8));
    this.ring(CONTROL_QUEUE.toGuest);
  }

  private endOf(port: number): BoardConsole {
    const { state, rings } = this.placed;
    const { output, input } = rings[port]!;
    const bit = 1 << port;
    const receiveQueue = receiveQueueOf(port);
    return {
      output,
      drained: () => {
        if ((Atomics.load(state.words, CONSOLE.blocked) & bit) === 0) return;
        Atomics.and(state.words, CONSOLE.blocked, ~bit);
        this.ring(receiveQueue + 1);
      },
      type: (bytes) => {
        const count = input.pushBytes(bytes);
        if (count > 0) this.ring(receiveQueue);
        return count;
      },
    };
  }
}
