import type { MemoryPieces } from '../../src-main/base/memory-pieces.ts';
import { type DriverOffloads, NET_HEADER_BYTES, type NetBackend } from '../../src-main/network/net-backend.ts';

/** A network whose other end is the test: what was sent, and what is to arrive. */
export class MemoryCable implements NetBackend {
  readonly fd = 100;
  readonly mtu = 1500;
  /** Frames with their headers. */
  readonly sent: Uint8Array[] = [];
  readonly arriving: Uint8Array[] = [];
  /** While set, nothing goes out. */
  stuck = false;
  accepted: DriverOffloads | undefined;
  private readonly batch: Uint8Array[] = [];

  /** @param offloads all of them, or none */
  constructor(
    private readonly full = false,
    /** Whether frames sent come back. */
    private readonly echo = false,
  ) {}

  get offloads(): { checksum: boolean; segmentation: boolean } {
    return { checksum: this.full, segmentation: this.full };
  }

  get congested(): boolean {
    return this.stuck && this.batch.length > 0;
  }

  accept(offload: DriverOffloads): void {
    this.accepted = offload;
  }

  send(frame: MemoryPieces): void {
    if (frame.bytes > 1 << 17) return;
    const bytes = new Uint8Array(frame.bytes);
    frame.copyTo(bytes, 0, 0);
    this.batch.push(bytes);
  }

  flush(): void {
    if (this.stuck) return;
    const frames = this.batch.splice(0);
    if (this.echo) this.arriving.push(...frames.slice(0, 4 - this.arriving.length));
    else this.sent.push(...frames);
  }

  receive(room: MemoryPieces): number {
    const [frame] = this.arriving;
    if (frame === undefined) return 0;
    if (room.bytes >= frame.length) {
      room.copyFrom(frame, 0);
      for (let i = 0; i < NET_HEADER_BYTES; i++) room.setByte(i, 0);
      this.arriving.shift();
    }
    return frame.length;
  }

  drop(): void {
    this.arriving.shift();
  }

  dispose(): void {}
}
