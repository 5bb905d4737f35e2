/**
 * virtio-blk (virtio 1.2 §5.2) over a `BlockBackend`: any number of queues, flush, discard, write-zeroes, GET_ID,
 * read-only, and media that change (§5.2.5: capacity by configuration change). Guest driver: Linux virtio_blk.
 */
import { MemoryPieces } from '../../../base/memory-pieces.ts';
import type { BlockBackend, BlockOperation, BlockRequest, BlockStatus } from '../../../storage/block-backend.ts';
import type { FdWatch, VirtioDevice, VirtioHost } from '../endpoint.ts';
import { Chain } from '../queue/chain.ts';
import type { Virtqueue } from '../queue/virtqueue.ts';
import {
  BLK_FEATURE,
  blockConfig,
  HEADER_BYTES,
  ID_BYTES,
  RANGE_BYTES,
  RANGE_UNMAP,
  REQUEST_STATUS,
  REQUEST_TYPE,
  SECTOR,
} from './numbers.ts';

export const BLK_QUEUE_SIZE = 128;
/** Data segments per request: a chain has a header and a status besides. */
const MAX_SEGMENTS = BLK_QUEUE_SIZE - 2;
/** Room for buffers that straddle two regions of RAM. */
const CHAIN_PIECES = BLK_QUEUE_SIZE + 16;

export interface VirtioBlkOptions {
  readonly queues: number;
  /** What GET_ID answers, at most 20 bytes of ASCII. */
  readonly serial: string;
}

/** A request on its way; reused. */
class Slot implements BlockRequest {
  readonly chain = new Chain(CHAIN_PIECES);
  readonly pieces = new MemoryPieces(CHAIN_PIECES);
  op: BlockOperation = 'read';
  offset = 0;
  length = 0;
  queue!: Virtqueue;
  queueIndex = 0;

  constructor(private readonly device: VirtioBlk) {}

  done(status: BlockStatus): void {
    this.device.completed(this, status);
  }
}

export class VirtioBlk implements VirtioDevice {
  readonly features: readonly number[];
  readonly counters = { readBytes: 0, writtenBytes: 0, reads: 0, writes: 0, flushes: 0 };
  private watch: FdWatch | undefined;
  private readonly free: Slot[] = [];
  private readonly header = new Uint8Array(HEADER_BYTES);
  private readonly headerView = new DataView(this.header.buffer);
  private readonly range = new Uint8Array(RANGE_BYTES);
  private readonly rangeView = new DataView(this.range.buffer);
  private readonly statusByte = new Uint8Array(1);
  /** Queues with chains pushed since they were last signalled. */
  private readonly pushed: (Virtqueue | undefined)[];
  /** Queues that stopped for want of a slot. */
  private readonly starved: boolean[];

  constructor(
    private readonly host: VirtioHost,
    private backend: BlockBackend,
    private readonly options: VirtioBlkOptions,
  ) {
    const { SEG_MAX, BLK_SIZE, FLUSH, TOPOLOGY, MQ, DISCARD, WRITE_ZEROES, RO } = BLK_FEATURE;
    const always = [SEG_MAX, BLK_SIZE, FLUSH, TOPOLOGY, ...(options.queues > 1 ? [MQ] : [])];
    this.features = [...always, ...(backend.readOnly ? [RO] : [DISCARD, WRITE_ZEROES])];
    this.watch = this.watchBackend();
    this.pushed = new Array(options.queues).fill(undefined);
    this.starved = new Array(options.queues).fill(false);
    for (let i = 0; i < BLK_QUEUE_SIZE * options.queues; i++) this.free.push(new Slot(this));
  }

  get config(): Uint8Array {
    const { sizeBytes, optimalBlockBytes } = this.backend;
    const { queues } = this.options;
    return blockConfig({ sizeBytes, blockBytes: optimalBlockBytes, queues, segments: MAX_SEGMENTS });
  }

  /**
   * Has another disk from here on, read-only as the one before, which is closed once what is under way there has ended.
   * The driver is told (§5.2.5), and what it asked of the old disk is answered from that.
   */
  replace(backend: BlockBackend): void {
    this.watch?.dispose();
    this.backend.dispose();
    this.backend = backend;
    this.watch = this.watchBackend();
    this.host.changeConfig(this.config);
    this.answered();
  }

  serve(index: number): boolean {
    const queue = this.host.queue(index);
    if (queue === undefined) return false;
    let budget = 2 * queue.size;
    this.backend.plug();
    do {
      queue.disableNotify();
      while (budget > 0 && this.start(queue, index)) budget--;
    } while (budget > 0 && !this.starved[index] && queue.enableNotify());
    this.backend.unplug();
    this.signalPushed();
    return budget === 0;
  }

  /** Takes what the backend has completed. */
  private reap(): void {
    this.backend.reap();
    this.answered();
  }

  private watchBackend(): FdWatch | undefined {
    const { completionFd } = this.backend;
    if (completionFd < 0) return undefined;
    return this.host.watch(completionFd, { readable: true, writable: false }, () => this.reap());
  }

  /** Requests have ended: their queues are signalled, and those that waited for a slot go on. */
  private answered(): void {
    this.signalPushed();
    for (let index = 0; index < this.starved.length; index++) {
      if (!this.starved[index]) continue;
      this.starved[index] = false;
      this.host.again(index);
    }
  }

  reset(): void {
    this.pushed.fill(undefined);
    this.starved.fill(false);
  }

  dispose(): void {
    this.watch?.dispose();
    this.backend.dispose();
  }

  /** A request of this device has ended. */
  completed(slot: Slot, status: BlockStatus): void {
    this.host.inFlight(-1);
    const written = slot.op === 'read' && status === 'ok' ? slot.length : 0;
    this.finish(
      slot,
      status === 'ok' ? REQUEST_STATUS.OK : status === 'unsupported' ? REQUEST_STATUS.UNSUPP : REQUEST_STATUS.IOERR,
      written,
    );
  }

  /** Takes one chain and starts its request; false when there is none, or no slot for it. */
  private start(queue: Virtqueue, index: number): boolean {
    const slot = this.free.pop();
    if (slot === undefined) {
      this.starved[index] = true;
      return false;
    }
    if (!queue.pop(slot.chain)) {
      this.free.push(slot);
      return false;
    }
    slot.queue = queue;
    slot.queueIndex = index;
    const status = this.prepare(slot);
    if (status === undefined) {
      this.host.inFlight(1);
      this.backend.submit(slot);
    } else {
      this.finish(slot, status, status === REQUEST_STATUS.OK ? ID_BYTES : 0);
    }
    return true;
  }

  /** Fills the slot's request from its chain; a status where there is nothing to submit. */
  private prepare(slot: Slot): number | undefined {
    const { chain } = slot;
    const { memory } = this.host;
    slot.pieces.clear();
    if (chain.read(memory, 0, this.header) < HEADER_BYTES || chain.writableBytes < 1) return REQUEST_STATUS.IOERR;
    const sector = this.headerView.getUint32(8, true) + this.headerView.getUint32(12, true) * 0x1_0000_0000;
    switch (this.headerView.getUint32(0, true)) {
      case REQUEST_TYPE.IN:
        this.counters.reads++;
        if (!this.aim(slot, 'read', sector, chain.writableBytes - 1)) return REQUEST_STATUS.IOERR;
        this.counters.readBytes += slot.length;
        chain.writableTo(memory, slot.pieces, 0, slot.length);
        return undefined;
      case REQUEST_TYPE.OUT:
        this.counters.writes++;
        if (!this.aim(slot, 'write', sector, chain.readableBytes - HEADER_BYTES)) return REQUEST_STATUS.IOERR;
        this.counters.writtenBytes += slot.length;
        chain.readableTo(memory, slot.pieces, HEADER_BYTES, slot.length);
        return undefined;
      case REQUEST_TYPE.FLUSH:
        this.counters.flushes++;
        slot.op = 'flush';
        slot.offset = 0;
        slot.length = 0;
        return undefined;
      case REQUEST_TYPE.GET_ID:
        return this.writeId(slot);
      case REQUEST_TYPE.DISCARD:
        return this.prepareRange(slot, 'discard', 0);
      case REQUEST_TYPE.WRITE_ZEROES:
        return this.prepareRange(slot, 'write-zeroes', RANGE_UNMAP);
      default:
        return REQUEST_STATUS.UNSUPP;
    }
  }

  /** §5.2.6.2: whole sectors within the disk. */
  private aim(slot: Slot, op: BlockOperation, sector: number, length: number): boolean {
    slot.op = op;
    slot.offset = sector * SECTOR;
    slot.length = length;
    if (op !== 'read' && this.backend.readOnly) return false;
    return length > 0 && length % SECTOR === 0 && slot.offset + length <= this.backend.sizeBytes;
  }

  /** §5.2.6.2: one range; a flag the command does not know makes it unsupported. */
  private prepareRange(slot: Slot, op: 'discard' | 'write-zeroes', flags: number): number | undefined {
    const { chain } = slot;
    if (chain.readableBytes !== HEADER_BYTES + RANGE_BYTES) return REQUEST_STATUS.UNSUPP;
    chain.read(this.host.memory, HEADER_BYTES, this.range);
    if ((this.rangeView.getUint32(12, true) & ~flags) !== 0) return REQUEST_STATUS.UNSUPP;
    const sector = this.rangeView.getUint32(0, true) + this.rangeView.getUint32(4, true) * 0x1_0000_0000;
    return this.aim(slot, op, sector, this.rangeView.getUint32(8, true) * SECTOR) ? undefined : REQUEST_STATUS.IOERR;
  }

  private writeId({ chain }: Slot): number {
    if (chain.writableBytes < ID_BYTES + 1) return REQUEST_STATUS.IOERR;
    const id = new Uint8Array(ID_BYTES);
    for (let i = 0; i < Math.min(ID_BYTES, this.options.serial.length); i++) id[i] = this.options.serial.charCodeAt(i);
    chain.write(this.host.memory, 0, id);
    return REQUEST_STATUS.OK;
  }

  /** Writes the status behind the data and gives the chain back. */
  private finish(slot: Slot, status: number, written: number): void {
    const { chain, queue } = slot;
    this.statusByte[0] = status;
    const room = chain.writableBytes - 1;
    if (room >= 0) chain.write(this.host.memory, room, this.statusByte);
    queue.push(chain, room === written ? written + 1 : 0);
    this.pushed[slot.queueIndex] = queue;
    this.free.push(slot);
  }

  private signalPushed(): void {
    for (let index = 0; index < this.pushed.length; index++) {
      const queue = this.pushed[index];
      if (queue === undefined) continue;
      this.pushed[index] = undefined;
      this.host.signal(index, queue);
    }
  }
}
