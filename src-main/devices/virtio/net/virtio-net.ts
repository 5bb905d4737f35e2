/**
 * virtio-net (virtio 1.2 §5.1) over a `NetBackend`: one pair of queues, checksum and segmentation offload as far as the
 * back end has them, mergeable receive buffers, MTU, link status. No control queue. Guest driver: Linux virtio_net.
 */
import { MemoryPieces } from '../../../base/memory-pieces.ts';
import { NET_HEADER_BYTES, type NetBackend } from '../../../network/net-backend.ts';
import type { FdInterest, FdWatch, VirtioDevice, VirtioHost } from '../endpoint.ts';
import { Chain } from '../queue/chain.ts';
import type { Virtqueue } from '../queue/virtqueue.ts';
import { addressOffered, addressOfSender } from './guest-address.ts';
import type { NetReport } from './net-report.ts';
import { MAC_BYTES, NET_FEATURE, NET_QUEUE_SIZE, NUM_BUFFERS, netConfig, RECEIVEQ, TRANSMITQ } from './numbers.ts';

/** Room for buffers that straddle two regions of RAM. */
const CHAIN_PIECES = NET_QUEUE_SIZE + 16;
/** A frame of 64 KiB in the smallest buffers Linux makes, of a little over 1500 bytes, and some to spare. */
const CHAINS_PER_FRAME = 64;
/** Frames sent off at a time. */
const BATCH = 32;
const NOTHING = -1;

export class VirtioNet implements VirtioDevice {
  readonly features: readonly number[];
  readonly config: Uint8Array;
  /** There while anything is waited for. */
  private watch: FdWatch | undefined;
  private watched = NOTHING;
  private readonly interest = { readable: false, writable: false };
  private readonly onReady = (happened: FdInterest): void => this.ready(happened);
  private readonly mac: Uint8Array;
  /** Frames on their way out, the first `sending` of them. */
  private readonly outgoing = Array.from({ length: BATCH }, () => new Chain(CHAIN_PIECES));
  private sending = 0;
  private readonly frame = new MemoryPieces(CHAIN_PIECES);
  /** Buffers taken for the next frame, the first `collected` of them, and what room they have. */
  private readonly incoming = Array.from({ length: CHAINS_PER_FRAME }, () => new Chain(CHAIN_PIECES));
  private collected = 0;
  private readonly room = new MemoryPieces(4 * CHAIN_PIECES);

  constructor(
    private readonly host: VirtioHost,
    private readonly backend: NetBackend,
    mac: string,
    private readonly report: NetReport,
  ) {
    const { CSUM, GUEST_CSUM, MTU, MAC, GUEST_TSO4, GUEST_TSO6, HOST_TSO4, HOST_TSO6, MRG_RXBUF, STATUS } = NET_FEATURE;
    this.features = [
      ...[MAC, MTU, STATUS, MRG_RXBUF],
      ...(backend.offloads.checksum ? [CSUM, GUEST_CSUM] : []),
      ...(backend.offloads.segmentation ? [GUEST_TSO4, GUEST_TSO6, HOST_TSO4, HOST_TSO6] : []),
    ];
    this.config = netConfig(mac, backend.mtu);
    this.mac = this.config.subarray(0, MAC_BYTES);
  }

  started(): void {
    const { GUEST_CSUM, GUEST_TSO4, GUEST_TSO6 } = NET_FEATURE;
    // §5.1.3.1: segmentation offload requires checksum offload.
    const checksum = this.host.has(GUEST_CSUM);
    const tcp4 = checksum && this.host.has(GUEST_TSO4);
    const tcp6 = checksum && this.host.has(GUEST_TSO6);
    this.backend.accept?.({ checksum, tcp4, tcp6 });
    this.want(true, this.backend.congested);
  }

  serve(index: number): boolean {
    return index === TRANSMITQ ? this.transmit() : this.deliver();
  }

  reset(): void {
    this.sending = 0;
    this.collected = 0;
    this.backend.drop();
    this.backend.accept?.({ checksum: false, tcp4: false, tcp6: false });
    this.want(false, false);
  }

  dispose(): void {
    this.want(false, false);
    this.backend.dispose();
  }

  private ready(happened: FdInterest): void {
    if (happened.writable && this.interest.writable) {
      this.backend.flush();
      if (this.transmit()) this.host.again(TRANSMITQ);
    }
    if (happened.readable && this.interest.readable && this.deliver()) this.host.again(RECEIVEQ);
  }

  /** §5.1.6.2. */
  private transmit(): boolean {
    const queue = this.host.queue(TRANSMITQ);
    if (queue === undefined) return false;
    let budget = 2 * queue.size;
    do {
      queue.disableNotify();
      while (budget > 0 && !this.backend.congested && queue.pop(this.outgoing[this.sending]!)) {
        budget--;
        this.send(this.outgoing[this.sending++]!);
        if (this.sending === BATCH || this.backend.congested) this.finish(queue);
      }
      this.finish(queue);
    } while (budget > 0 && !this.backend.congested && queue.enableNotify());
    this.host.signal(TRANSMITQ, queue);
    this.want(this.interest.readable, this.backend.congested);
    return budget === 0;
  }

  /** Hands the chain's frame to the back end. A chain that is no frame is lost. */
  private send(chain: Chain): void {
    const { frame, report, host } = this;
    if (chain.readableBytes <= NET_HEADER_BYTES) {
      report.dropped++;
      return;
    }
    frame.clear();
    chain.readableTo(host.memory, frame);
    this.learn(addressOfSender(frame, report.guestAddress[0] !== 0));
    report.sentFrames++;
    report.sentBytes += frame.bytes - NET_HEADER_BYTES;
    this.backend.send(frame);
  }

  /** Sends the batch off and gives its buffers back. */
  private finish(queue: Virtqueue): void {
    this.backend.flush();
    if (this.sending === 0) return;
    for (let i = 0; i < this.sending; i++) queue.place(this.outgoing[i]!, 0);
    queue.publish();
    this.sending = 0;
  }

  /** §5.1.6.4: gives frames to the driver for as long as there are both. While buffers lack, frames wait in the host. */
  private deliver(): boolean {
    const queue = this.host.queue(RECEIVEQ);
    if (queue === undefined) return false;
    let budget = 2 * queue.size;
    let starved = false;
    this.findRoom();
    queue.disableNotify();
    while (budget > 0 && !starved) {
      if (this.collected === 0 && !this.collect(queue)) {
        // Asked to notify from here on; a buffer that came meanwhile is used.
        starved = !queue.enableNotify();
        continue;
      }
      const bytes = this.backend.receive(this.room);
      if (bytes === 0) break;
      budget--;
      if (bytes <= this.room.bytes) this.give(queue, bytes);
      else if (!this.mayCollect()) this.lose();
      else if (!this.collect(queue)) starved = !queue.enableNotify();
    }
    this.host.signal(RECEIVEQ, queue);
    this.want(!starved, this.interest.writable);
    return budget === 0;
  }

  /** Whether one more buffer may be taken for the frame being received. */
  private mayCollect(): boolean {
    const most = this.host.has(NET_FEATURE.MRG_RXBUF) ? CHAINS_PER_FRAME : 1;
    return this.collected < most && this.room.count + CHAIN_PIECES <= this.room.capacity;
  }

  /** Takes one buffer more; false when the driver has given none. */
  private collect(queue: Virtqueue): boolean {
    const chain = this.incoming[this.collected]!;
    if (!queue.pop(chain)) return false;
    chain.writableTo(this.host.memory, this.room);
    this.collected++;
    return true;
  }

  /** The frame fits nowhere: the buffers wait for another one. */
  private lose(): void {
    this.report.dropped++;
    this.backend.drop();
  }

  /** §5.1.6.4.1: the driver gets the frame, and with it all the buffers it is in. Those left over are for the next. */
  private give(queue: Virtqueue, bytes: number): void {
    const { incoming, room, report } = this;
    const buffers = this.buffersFor(bytes);
    room.setByte(NUM_BUFFERS, buffers);
    room.setByte(NUM_BUFFERS + 1, 0);
    this.learn(addressOffered(room, bytes, this.mac));
    let left = bytes;
    for (let i = 0; i < buffers; i++) {
      const written = Math.min(left, incoming[i]!.writableBytes);
      queue.place(incoming[i]!, written);
      left -= written;
    }
    queue.publish();
    report.receivedFrames++;
    report.receivedBytes += bytes - NET_HEADER_BYTES;
    for (let i = 0; i < buffers; i++) incoming.push(incoming.shift()!);
    this.collected -= buffers;
    this.findRoom();
  }

  /** Where the buffers taken so far are: RAM may have moved. */
  private findRoom(): void {
    this.room.clear();
    for (let i = 0; i < this.collected; i++) this.incoming[i]!.writableTo(this.host.memory, this.room);
  }

  private buffersFor(bytes: number): number {
    let buffers = 0;
    for (let room = 0; room < bytes; buffers++) room += this.incoming[buffers]!.writableBytes;
    return buffers;
  }

  private learn(address: number): void {
    if (address !== 0) Atomics.store(this.report.guestAddress, 0, address);
  }

  /** A back end that hangs up is told of whether asked for or not: where nothing is waited for, it is not watched. */
  private want(readable: boolean, writable: boolean): void {
    const { interest, watch } = this;
    const fd = readable || writable ? this.backend.fd : NOTHING;
    const same = interest.readable === readable && interest.writable === writable;
    interest.readable = readable;
    interest.writable = writable;
    if (fd === this.watched) {
      if (!same) watch?.change(interest);
      return;
    }
    watch?.dispose();
    this.watched = fd;
    this.watch = fd < 0 ? undefined : this.host.watch(fd, interest, this.onReady);
  }
}
