/**
 * virtio-vsock, the socket device (virtio 1.2 §5.10), with stream sockets, over the host's `HostPorts`. Buffers,
 * connections and answers are bounded: where the guest takes nothing, nothing more is taken of it. Nothing goes over the
 * event queue: it tells of migrations. Guest driver: Linux virtio_vsock.
 */
import { MemoryPieces } from '../../../base/memory-pieces.ts';
import type { HostCaller, HostPorts, HostStream } from '../../../network/vsock/host-ports.ts';
import type { FdInterest, VirtioDevice, VirtioHost } from '../endpoint.ts';
import { Chain } from '../queue/chain.ts';
import { Callers } from './callers.ts';
import { Connection } from './connection.ts';
import {
  HEADER_BYTES,
  HOST_CID,
  OP,
  TYPE_STREAM,
  VSOCK_FEATURE,
  VSOCK_QUEUE,
  VSOCK_QUEUE_SIZE,
  vsockConfig,
} from './numbers.ts';
import { PacketHeader } from './packet.ts';
import { ToGuest } from './to-guest.ts';

/** Connections and callers together. */
export const MOST_CONNECTIONS = 512;
/** Host ports of connections made by callers: far from those that programs choose. */
const FIRST_CALLER_PORT = 2 ** 30;

const { rx: RX, tx: TX } = VSOCK_QUEUE;

export class VirtioVsock implements VirtioDevice {
  readonly features = [VSOCK_FEATURE.STREAM];
  readonly config: Uint8Array;
  private running = false;
  private readonly connections = new Map<string, Connection>();
  /** Connections the guest knows no more, whose last bytes the host's program has not taken. */
  private readonly draining = new Set<Connection>();
  private readonly callers: Callers;
  private readonly toGuest: ToGuest;
  /** Packets of the guest's wait until it takes resets. */
  private blocked = false;
  private nextPort = 0;
  private readonly packet = new PacketHeader();
  private readonly chain = new Chain(2 * VSOCK_QUEUE_SIZE);
  private readonly pieces = new MemoryPieces(2 * VSOCK_QUEUE_SIZE);

  constructor(
    private readonly host: VirtioHost,
    private readonly ports: HostPorts,
    private readonly cid: number,
  ) {
    this.config = vsockConfig(cid);
    this.toGuest = new ToGuest(host, cid);
    this.callers = new Callers(host, ports, {
      hasRoom: () => this.hasRoom,
      asked: (caller, port) => this.running && this.hasRoom && this.call(caller, port),
    });
    this.callers.listen();
  }

  started(): void {
    this.running = true;
  }

  serve(index: number): boolean {
    if (index === TX) return this.transmit();
    if (index === RX) this.deliver();
    return false;
  }

  reset(): void {
    this.running = false;
    this.blocked = false;
    this.hangUpAll();
    this.toGuest.clear();
    this.callers.listen();
  }

  dispose(): void {
    this.hangUpAll();
    this.callers.dispose();
  }

  private get hasRoom(): boolean {
    return this.connections.size + this.draining.size + this.callers.count < MOST_CONNECTIONS;
  }

  /** Takes packets from the guest, for as long as it takes answers. */
  private transmit(): boolean {
    const queue = this.host.queue(TX);
    if (queue === undefined) return false;
    const { chain, toGuest } = this;
    let budget = queue.size;
    let more = true;
    while (more && budget > 0 && !toGuest.full) {
      queue.disableNotify();
      while (budget > 0 && !toGuest.full && queue.pop(chain)) {
        budget--;
        this.take();
        queue.push(chain, 0);
      }
      more = queue.enableNotify();
    }
    this.host.signal(TX, queue);
    this.blocked = more && toGuest.full;
    this.deliver();
    return more && budget === 0 && !this.blocked;
  }

  private deliver(): void {
    if (this.toGuest.deliver()) this.host.again(RX);
    if (!this.blocked || this.toGuest.full) return;
    this.blocked = false;
    this.host.again(TX);
  }

  /** §5.10.6: one packet of the guest's. */
  private take(): void {
    const { packet, chain, host } = this;
    if (chain.read(host.memory, 0, packet.bytes) < HEADER_BYTES) return;
    // §5.10.6.2: what does not bear the guest's own address comes from nobody. A CID has 32 bits.
    if (packet.get('srcCid') !== this.cid || packet.get('dstCid') > 0xffff_ffff) return;
    const op = packet.get('op');
    const connection = this.connectionOf();
    if (connection === undefined) {
      const begun = op === OP.REQUEST && this.connect();
      if (!begun && op !== OP.RST) this.answerReset();
      return;
    }
    connection.takeCredit(packet.get('bufAlloc'), packet.get('fwdCnt'));
    if (this.obey(connection, op)) {
      this.lookAfter(connection);
    } else {
      if (op !== OP.RST) this.answerReset();
      this.end(connection);
    }
  }

  /** The connection the packet belongs to. */
  private connectionOf(): Connection | undefined {
    const { packet } = this;
    if (packet.get('dstCid') !== HOST_CID || packet.get('type') !== TYPE_STREAM) return undefined;
    return this.connections.get(keyOf(packet.get('dstPort'), packet.get('srcPort')));
  }

  /** §5.10.6.4: RST answers what belongs to nobody, and what has an unknown type. */
  private answerReset(): void {
    const { packet } = this;
    this.toGuest.addReset({
      srcCid: packet.get('dstCid'),
      hostPort: packet.get('dstPort'),
      guestPort: packet.get('srcPort'),
      type: packet.get('type'),
    });
  }

  /** The guest wants to reach a port of the host's; whether there is somebody. */
  private connect(): boolean {
    const { packet } = this;
    if (packet.get('type') !== TYPE_STREAM || packet.get('dstCid') !== HOST_CID || !this.hasRoom) return false;
    const port = packet.get('dstPort');
    const stream = this.ports.connect(port);
    if (stream === undefined) return false;
    const connection = this.begin(port, packet.get('srcPort'), stream);
    connection.takeCredit(packet.get('bufAlloc'), packet.get('fwdCnt'));
    this.lookAfter(connection);
    return true;
  }

  /** Somebody on the host wants to reach a port of the guest's. */
  private call(caller: HostCaller, port: number): boolean {
    let hostPort: number;
    do hostPort = FIRST_CALLER_PORT + (this.nextPort++ % FIRST_CALLER_PORT);
    while (this.connections.has(keyOf(hostPort, port)));
    this.lookAfter(this.begin(hostPort, port, caller, caller));
    this.deliver();
    return true;
  }

  /** Does what a packet of the guest's asks for; false where the connection cannot outlive it. */
  private obey(connection: Connection, op: number): boolean {
    switch (op) {
      case OP.RESPONSE:
        return connection.answered();
      case OP.RW:
        return this.takeData(connection);
      case OP.SHUTDOWN:
        connection.guestShutsDown(this.packet.get('flags'));
        return true;
      case OP.CREDIT_REQUEST:
        connection.wantsCredit();
        return true;
      case OP.CREDIT_UPDATE:
        return true;
      case OP.RST:
        return this.letDrain(connection);
      default:
        return false;
    }
  }

  /** The packet's data goes to the host's program, or waits for it; false where the guest had no right to send it. */
  private takeData(connection: Connection): boolean {
    const { packet, chain, host, pieces } = this;
    const length = packet.get('len');
    if (length > chain.readableBytes - HEADER_BYTES || !connection.mayTake(length)) return false;
    pieces.clear();
    chain.readableTo(host.memory, pieces, HEADER_BYTES, length);
    const sent = connection.sendNow(pieces, length);
    if (sent < length) chain.read(host.memory, HEADER_BYTES + sent, connection.keep(length - sent));
    return true;
  }

  /** The guest has closed in order and waits no longer: what it sent before still reaches the host's program. */
  private letDrain(connection: Connection): boolean {
    if (!connection.closed || connection.drained) return false;
    this.connections.delete(keyOf(connection.hostPort, connection.guestPort));
    this.draining.add(connection);
    return true;
  }

  private begin(hostPort: number, guestPort: number, stream: HostStream, caller?: HostCaller): Connection {
    const wait = (interest: FdInterest) =>
      this.host.watch(stream.fd, interest, (happened) => this.ready(connection, happened));
    const connection = new Connection(hostPort, guestPort, stream, caller, wait);
    this.connections.set(keyOf(hostPort, guestPort), connection);
    return connection;
  }

  private ready(connection: Connection, happened: FdInterest): void {
    if (connection.ended) return;
    if (connection.hostReady(happened)) this.lookAfter(connection);
    else this.finish(connection);
    this.deliver();
  }

  /** After anything that happened to it: what it has for the guest gets its turn, what is over ends. */
  private lookAfter(connection: Connection): void {
    if (connection.closed && connection.drained) {
      this.finish(connection);
    } else {
      connection.settle();
      this.toGuest.add(connection);
    }
  }

  /** §5.10.6.6: a RST tells the guest that its shutdown is through, or that whom it had to answer has left. */
  private finish(connection: Connection): void {
    const { hostPort, guestPort } = connection;
    if (!this.draining.has(connection))
      this.toGuest.addReset({ srcCid: HOST_CID, hostPort, guestPort, type: TYPE_STREAM });
    this.end(connection);
  }

  private end(connection: Connection): void {
    const key = keyOf(connection.hostPort, connection.guestPort);
    if (!this.draining.delete(connection)) this.connections.delete(key);
    connection.end();
    this.callers.listen();
  }

  private hangUpAll(): void {
    for (const connection of [...this.connections.values(), ...this.draining]) connection.end();
    this.connections.clear();
    this.draining.clear();
  }
}

function keyOf(hostPort: number, guestPort: number): string {
  return `${hostPort}:${guestPort}`;
}
