/**
 * virtio-console (virtio 1.2 §5.3) with several ports and sizes: the first port is a console, the others have names. What
 * the guest prints goes into a ring per port, what is typed comes out of one; where a ring is full the guest waits.
 * Guest driver: Linux virtio_console.
 */
import type { VirtioDevice, VirtioHost } from '../endpoint.ts';
import { answerQueue } from '../queue/answer-queue.ts';
import { Chain } from '../queue/chain.ts';
import type { Virtqueue } from '../queue/virtqueue.ts';
import { CONSOLE, type ConsoleState, type PlacedConsole, type PortRings } from './console-state.ts';
import { PortControl } from './control.ts';
import {
  CONSOLE_FEATURE,
  CONSOLE_QUEUE_SIZE,
  CONTROL_BYTES,
  CONTROL_QUEUE,
  consoleConfig,
  portOfQueue,
  receiveQueueOf,
} from './numbers.ts';

const CHUNK_BYTES = 4096;

/** A buffer of the guest's on its way out, as far as it has come. */
interface Printing {
  readonly chain: Chain;
  done: number;
  under: boolean;
}

export class VirtioConsole implements VirtioDevice {
  readonly features = [CONSOLE_FEATURE.SIZE, CONSOLE_FEATURE.MULTIPORT];
  readonly config: Uint8Array;
  private readonly state: ConsoleState;
  private readonly rings: readonly PortRings[];
  private readonly control: PortControl;
  private readonly printing: readonly Printing[];
  private readonly chain = new Chain(2 * CONSOLE_QUEUE_SIZE);
  /** For control messages of the guest's: one may open a port, and that is fed at once. */
  private readonly heard = new Chain(2 * CONSOLE_QUEUE_SIZE);
  /** For control messages to the guest. */
  private readonly held = new Chain(2 * CONSOLE_QUEUE_SIZE);
  private readonly chunk = new Uint8Array(CHUNK_BYTES);
  private readonly message = new Uint8Array(CONTROL_BYTES);
  /** What a control message found no buffer for. */
  private unsent: Uint8Array | undefined;

  /** @param names of the ports, the console's first */
  constructor(
    private readonly host: VirtioHost,
    { state, rings }: PlacedConsole,
    names: readonly string[],
  ) {
    this.state = state;
    this.rings = rings;
    this.config = consoleConfig(names.length);
    this.control = new PortControl(names);
    this.printing = names.map(() => ({ chain: new Chain(2 * CONSOLE_QUEUE_SIZE), done: 0, under: false }));
  }

  serve(index: number): boolean {
    if (index === CONTROL_QUEUE.toGuest) return this.sendControl();
    if (index === CONTROL_QUEUE.fromGuest) {
      const more = answerQueue(this.host, index, this.heard, this.hearControl);
      this.sendControl();
      return more;
    }
    const port = portOfQueue(index);
    return index === receiveQueueOf(port) ? this.feed(port) : this.print(port, index);
  }

  reset(): void {
    this.control.reset();
    this.unsent = undefined;
    for (const printing of this.printing) {
      printing.under = false;
      printing.done = 0;
    }
  }

  dispose(): void {}

  /** §5.3.6: what the guest prints. A buffer is given back once all of it has gone out. */
  private print(port: number, index: number): boolean {
    const queue = this.host.queue(index);
    if (queue === undefined) return false;
    const printing = this.printing[port]!;
    let budget = queue.size;
    let room = true;
    do {
      queue.disableNotify();
      while (budget > 0 && room && (printing.under || queue.pop(printing.chain))) {
        budget--;
        printing.under = true;
        room = this.printOn(port);
        if (room) this.printed(queue, printing);
      }
    } while (budget > 0 && room && queue.enableNotify());
    this.host.signal(index, queue);
    return budget === 0 && room;
  }

  private printed(queue: Virtqueue, printing: Printing): void {
    printing.under = false;
    printing.done = 0;
    queue.push(printing.chain, 0);
  }

  /** Puts the rest of a buffer into the ring; false where that has no room, and whoever makes some rings. */
  private printOn(port: number): boolean {
    const printing = this.printing[port]!;
    const { output } = this.rings[port]!;
    const { words } = this.state;
    const bit = 1 << port;
    while (printing.done < printing.chain.readableBytes) {
      if (output.space === 0) {
        Atomics.or(words, CONSOLE.blocked, bit);
        if (output.space === 0) return false;
        Atomics.and(words, CONSOLE.blocked, ~bit);
      }
      const piece = this.chunk.subarray(0, Math.min(output.space, CHUNK_BYTES));
      const count = printing.chain.read(this.host.memory, printing.done, piece);
      printing.done += output.pushBytes(piece.subarray(0, count));
    }
    return true;
  }

  /** Gives what was typed to the guest, once it has the port open. */
  private feed(port: number): boolean {
    const index = receiveQueueOf(port);
    const queue = this.host.queue(index);
    if (queue === undefined) return false;
    const { input } = this.rings[port]!;
    const open = !this.host.has(CONSOLE_FEATURE.MULTIPORT) || this.control.isOpen(port);
    let budget = queue.size;
    let starved = false;
    queue.disableNotify();
    while (open && budget > 0 && !starved && input.length > 0) {
      budget--;
      if (queue.pop(this.chain)) queue.push(this.chain, this.fill(port));
      else starved = !queue.enableNotify();
    }
    this.host.signal(index, queue);
    return budget === 0;
  }

  private fill(port: number): number {
    const { input } = this.rings[port]!;
    const count = input.shiftInto(this.chunk.subarray(0, Math.min(this.chain.writableBytes, CHUNK_BYTES)));
    return this.chain.write(this.host.memory, 0, this.chunk.subarray(0, count));
  }

  private readonly hearControl = (): number => {
    if (this.heard.read(this.host.memory, 0, this.message) < CONTROL_BYTES) return 0;
    const opened = this.control.hear(this.message);
    if (opened !== undefined && this.feed(opened)) this.host.again(receiveQueueOf(opened));
    return 0;
  };

  /** Sends control messages for as long as there are any, and buffers. */
  private sendControl(): boolean {
    const queue = this.host.queue(CONTROL_QUEUE.toGuest);
    if (queue === undefined) return false;
    const { words } = this.state;
    if (Atomics.exchange(words, CONSOLE.resized, 0) !== 0) {
      const size = Atomics.load(words, CONSOLE.size);
      this.control.resized(size >>> 16, size & 0xffff);
    }
    let budget = 2 * queue.size;
    let starved = false;
    queue.disableNotify();
    for (; budget > 0 && !starved; budget--) {
      this.unsent ??= this.control.next();
      if (this.unsent === undefined) break;
      if (queue.pop(this.held)) this.tell(queue);
      else starved = !queue.enableNotify();
    }
    this.host.signal(CONTROL_QUEUE.toGuest, queue);
    return budget === 0;
  }

  /** A buffer the message does not fit in goes back empty. */
  private tell(queue: Virtqueue): void {
    const { held, unsent } = this;
    const fits = unsent !== undefined && held.writableBytes >= unsent.length;
    queue.push(held, fits ? held.write(this.host.memory, 0, unsent) : 0);
    if (fits) this.unsent = undefined;
  }
}
