import type { Disposable } from '../base/disposable.ts';
import type { MemoryPieces } from '../base/memory-pieces.ts';

/** Bytes of `struct virtio_net_hdr_mrg_rxbuf` before every frame (virtio 1.2 §5.1.6). */
export const NET_HEADER_BYTES = 12;
/** An Ethernet frame without its checksum, carrying the largest IP packet. */
export const FRAME_BYTES_MAX = 14 + 65_535;

/** What the other side of a network understands of the header before a frame (virtio 1.2 §5.1.6.2). */
export interface NetOffloads {
  /** Frames may come without their checksum finished (VIRTIO_NET_HDR_F_NEEDS_CSUM). */
  readonly checksum: boolean;
  /** Frames may be TCP segments larger than the MTU (VIRTIO_NET_HDR_GSO_TCPV4, _TCPV6). */
  readonly segmentation: boolean;
}

/** Unfinished frames a driver takes. */
export interface DriverOffloads {
  readonly checksum: boolean;
  readonly tcp4: boolean;
  readonly tcp6: boolean;
}

/** How a serving thread finds the other end of a guest's cable. Cloneable. */
export type NetLinkSeed =
  | {
      readonly kind: 'passt';
      /** Where the link listens while it has no socket; a byte says that there is one in the mailbox. */
      readonly wakeFd: number;
      /** One word: the descriptor of a socket to passt, the link's from when it takes it; negative when there is none. */
      readonly mailbox: Int32Array;
    }
  | { readonly kind: 'tap'; readonly fd: number; readonly mtu: number };

/**
 * The other end of a virtio-net device, used by one thread, which waits for `fd` with poll(2). Frames travel behind a
 * virtio-net header in both directions, and lie in guest memory: the kernel reads and writes them there. Nothing
 * throws for a fault of the guest; a network that is gone takes frames and loses them, as a cable does that was pulled.
 */
export interface NetBackend extends Disposable {
  /**
   * Readable when `receive` has something to do; writable when `flush` can go on. A call may change the number, the one
   * before is open until the next call; negative when the network is gone for good.
   */
  readonly fd: number;
  readonly offloads: NetOffloads;
  /** The largest packet the other side takes, in bytes, as VIRTIO_NET_F_MTU tells it (virtio 1.2 §5.1.4). */
  readonly mtu: number;
  /** A driver came: which unfinished frames it takes. Back ends that never have any do without. */
  accept?(offload: DriverOffloads): void;
  /** Whether frames wait for `fd` to become writable; no more is sent meanwhile. */
  readonly congested: boolean;
  /** Takes a frame with its header. Its memory is the back end's until `flush` returns. */
  send(frame: MemoryPieces): void;
  /** Pushes out what `send` took. */
  flush(): void;
  /**
   * Puts the next frame with its header into `room`, and returns its bytes; 0 when it has not arrived, or not all of it.
   * More than `room` has: the frame is so long, and to be asked for again with more room, or dropped. Until it is
   * whole, `room` always begins with the same memory.
   */
  receive(room: MemoryPieces): number;
  /** Gives up the frame being received. */
  drop(): void;
}
