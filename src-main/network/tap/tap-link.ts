import type { MemoryPieces } from '../../base/memory-pieces.ts';
import { Fd } from '../../linux/fd.ts';
import { IoVector } from '../../linux/io-vector.ts';
import { readFrame, setTapOffload, writeFrame } from '../../linux/tap.ts';
import {
  type DriverOffloads,
  FRAME_BYTES_MAX,
  NET_HEADER_BYTES,
  type NetBackend,
  type NetLinkSeed,
} from '../net-backend.ts';

const FRAME_ROOM = NET_HEADER_BYTES + FRAME_BYTES_MAX;

export type TapLinkSeed = Extract<NetLinkSeed, { kind: 'tap' }>;

/** A tap in the I/O thread: the kernel speaks virtio-net headers itself, so frames pass as they are. */
export class TapLink implements NetBackend {
  readonly offloads = { checksum: true, segmentation: true };
  readonly mtu: number;
  /** The interface's, or negative once that is gone. */
  fd: number;
  private readonly vector = new IoVector();
  private readonly outgoing = new Uint8Array(FRAME_ROOM);
  /** Bytes in `outgoing` the tap had no room for. */
  private waiting = 0;
  /** The end of a frame that its room was too small for. */
  private readonly overhang = new Uint8Array(FRAME_ROOM);
  /** Bytes of that frame in all, and how many of them are in the room already; 0 when there is none. */
  private taken = 0;
  private placed = 0;

  constructor(seed: TapLinkSeed) {
    this.fd = seed.fd;
    this.mtu = seed.mtu;
  }

  get congested(): boolean {
    return this.waiting > 0;
  }

  accept(offload: DriverOffloads): void {
    if (this.fd >= 0) setTapOffload(new Fd(this.fd, 'tap'), offload);
  }

  send(frame: MemoryPieces): void {
    if (frame.bytes <= NET_HEADER_BYTES || frame.bytes > FRAME_ROOM || this.waiting > 0 || this.fd < 0) return;
    const { vector } = this;
    vector.gather(frame, 0, frame.bytes);
    if (vector.bytes === frame.bytes && writeFrame(this.fd, vector)) return;
    frame.copyTo(this.outgoing, 0, 0);
    this.waiting = frame.bytes;
    this.flush();
  }

  flush(): void {
    if (this.waiting === 0) return;
    const { vector } = this;
    vector.clear();
    vector.append(this.outgoing, 0, this.waiting);
    if (writeFrame(this.fd, vector)) this.waiting = 0;
  }

  receive(room: MemoryPieces): number {
    if (this.fd < 0 || (this.taken === 0 && !this.read(room))) return 0;
    const { taken, placed } = this;
    if (room.bytes < taken) return taken;
    if (taken > placed) room.copyFrom(this.overhang.subarray(0, taken - placed), placed);
    this.taken = 0;
    return taken;
  }

  drop(): void {
    this.taken = 0;
  }

  /** The descriptor belongs to the main thread's `TapNetwork`. */
  dispose(): void {}

  /** Reads a frame into `room`, and what does not fit there into `overhang`; false when none waits. */
  private read(room: MemoryPieces): boolean {
    const { vector } = this;
    vector.clear();
    for (let i = 0; i < room.count && vector.hasRoomFor(2); i++) {
      vector.append(room.buffers[i]!, room.starts[i]!, room.lengths[i]!);
    }
    this.placed = vector.bytes;
    vector.append(this.overhang, 0, FRAME_ROOM);
    this.taken = readFrame(this.fd, vector);
    if (this.taken < 0) this.fd = -1;
    this.taken = Math.max(0, this.taken);
    this.placed = Math.min(this.placed, this.taken);
    return this.taken > 0;
  }
}
