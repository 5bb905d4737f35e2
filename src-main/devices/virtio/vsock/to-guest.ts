import { MemoryPieces } from '../../../base/memory-pieces.ts';
import type { VirtioHost } from '../endpoint.ts';
import { Chain } from '../queue/chain.ts';
import type { Virtqueue } from '../queue/virtqueue.ts';
import { BUFFER_BYTES, type Connection } from './connection.ts';
import { HEADER_BYTES, HOST_CID, OP, TYPE_STREAM, VSOCK_QUEUE, VSOCK_QUEUE_SIZE } from './numbers.ts';
import { PacketHeader } from './packet.ts';

const RX = VSOCK_QUEUE.rx;
/** Resets that wait for a buffer of the guest's (virtio 1.2 §5.10.6.1). */
const MOST_RESETS = 256;
/** The most data of a packet; Linux has so much at most too. */
const MOST_DATA = 64 * 1024;

/** A reset of what is no connection (any more), as the guest's packet named it. */
export interface Reset {
  readonly srcCid: number;
  readonly hostPort: number;
  readonly guestPort: number;
  readonly type: number;
}

/** Packets to the guest: resets first, then what connections have, one packet each in turn. */
export class ToGuest {
  private readonly resets: Reset[] = [];
  private readonly row: Connection[] = [];
  private readonly packet = new PacketHeader();
  /** A buffer taken for the next packet. */
  private readonly held = new Chain(2 * VSOCK_QUEUE_SIZE);
  private holding = false;
  private readonly pieces = new MemoryPieces(2 * VSOCK_QUEUE_SIZE);

  constructor(
    private readonly host: VirtioHost,
    private readonly cid: number,
  ) {}

  /** Whether the guest is to take something before more is taken of it. */
  get full(): boolean {
    return this.resets.length >= MOST_RESETS;
  }

  addReset(reset: Reset): void {
    this.resets.push(reset);
  }

  /** Gives `connection` its turn if it has something to send. */
  add(connection: Connection): void {
    if (connection.queued || connection.ended || !connection.hasSomething) return;
    connection.queued = true;
    this.row.push(connection);
  }

  /** The guest is gone, and with it its buffers. */
  clear(): void {
    this.resets.length = 0;
    this.row.length = 0;
    this.holding = false;
  }

  /** Sends for as long as there are packets and buffers; true when it stopped before. */
  deliver(): boolean {
    const queue = this.host.queue(RX);
    if (queue === undefined) return false;
    let budget = 2 * queue.size;
    let starved = false;
    queue.disableNotify();
    while (budget > 0 && !starved && this.resets.length + this.row.length > 0) {
      budget--;
      // Asked to notify from here on; a buffer that came meanwhile is used.
      if (!this.holding && !this.hold(queue)) starved = !queue.enableNotify();
      if (this.holding) this.sendNext(queue);
    }
    this.host.signal(RX, queue);
    return budget === 0;
  }

  /** Takes a buffer; one without room for any data is given back at once. */
  private hold(queue: Virtqueue): boolean {
    if (!queue.pop(this.held)) return false;
    this.holding = this.held.writableBytes > HEADER_BYTES;
    if (!this.holding) queue.push(this.held, 0);
    return true;
  }

  private sendNext(queue: Virtqueue): void {
    const reset = this.resets.shift();
    if (reset !== undefined) {
      this.packet.begin(reset.srcCid, reset.hostPort, this.cid, reset.guestPort, reset.type, OP.RST);
      this.send(queue, 0);
      return;
    }
    const connection = this.row.shift()!;
    connection.queued = false;
    if (connection.ended || !connection.hasSomething) return;
    this.sendOf(connection, queue);
    connection.settle();
    this.add(connection);
  }

  /** One packet of a connection's, if it has one: there was something when it was put into the row. */
  private sendOf(connection: Connection, queue: Virtqueue): void {
    const { held, pieces, packet, host } = this;
    const room = Math.min(MOST_DATA, held.writableBytes - HEADER_BYTES);
    pieces.clear();
    held.writableTo(host.memory, pieces, HEADER_BYTES, room);
    const bytes = connection.receive(pieces, room);
    const saying = bytes > 0 ? { op: OP.RW, flags: 0 } : connection.saying();
    if (saying === undefined) return;
    packet.begin(HOST_CID, connection.hostPort, this.cid, connection.guestPort, TYPE_STREAM, saying.op);
    packet.set('flags', saying.flags);
    packet.set('bufAlloc', BUFFER_BYTES);
    packet.set('fwdCnt', connection.tellForwarded());
    this.send(queue, bytes);
  }

  /** The data is where it belongs already. */
  private send(queue: Virtqueue, bytes: number): void {
    this.packet.set('len', bytes);
    this.held.write(this.host.memory, 0, this.packet.bytes);
    this.holding = false;
    queue.push(this.held, HEADER_BYTES + bytes);
  }
}
