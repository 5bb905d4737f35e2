import type { Disposable } from '../base/disposable.ts';
import type { MemoryPieces } from '../base/memory-pieces.ts';

/** What a device may ask of a disk. */
export type BlockOperation = 'read' | 'write' | 'flush' | 'discard' | 'write-zeroes';

/**
 * How a request ended. `failed` covers everything a guest can only see as an I/O error; `no-space` is told apart
 * because the machine may be paused over it instead.
 */
export type BlockStatus = 'ok' | 'failed' | 'no-space' | 'read-only' | 'unsupported';

/** One request. The object and its pieces belong to the backend until `done` is called, once. */
export interface BlockRequest {
  readonly op: BlockOperation;
  /** In bytes, from the start of the disk. Any alignment; nothing beyond the end of the disk is accepted. */
  readonly offset: number;
  /** In bytes. For read and write as many as the pieces have; 0 for flush. */
  readonly length: number;
  /** Where the bytes go or come from: guest memory that neither moves nor shrinks meanwhile. */
  readonly pieces: MemoryPieces;
  /** Called within `submit`, `unplug` or `reap`, never from anywhere else. */
  done(status: BlockStatus): void;
}

/**
 * A disk as a device sees it, used by one thread, which need not have an event loop: it waits for `completionFd` with
 * poll(2) and then calls `reap`.
 *
 * Requests may complete in any order. A flush covers every write that was done before the flush was submitted.
 * Nothing throws for a fault of the guest or the host: the status says it.
 */
export interface BlockBackend extends Disposable {
  /** A multiple of 512. */
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** The size in bytes that is cheapest to write as a whole: 512 or more, a power of two. */
  readonly optimalBlockBytes: number;
  /** An eventfd, readable when completions wait for `reap`; -1 where every request completes within `submit`. */
  readonly completionFd: number;
  submit(request: BlockRequest): void;
  /** Takes what has completed, calling `done` of each, and makes `completionFd` unreadable. Cheap when there is none. */
  reap(): void;
  /** From here to `unplug`, requests may be gathered before the kernel is told: for a batch from one notification. */
  plug(): void;
  unplug(): void;
  /** Waits for what is under way, writes out what is cached, and closes. A failure to write out is logged. */
  dispose(): void;
}

export type DiskFormat = 'raw' | 'qcow2';

/** One file of those that an image is based on. */
export interface BackingFile {
  readonly path: string;
  readonly format: DiskFormat;
}

export interface OpenDiskOptions {
  readonly path: string;
  /** Never guessed: a guest could write a header into a raw disk and have the host read any file as its backing. */
  readonly format: DiskFormat;
  readonly readOnly: boolean;
  /**
   * What the image may be based on, in order: what its headers say beyond that is not opened. Whoever made an image
   * decides what they say, and could name any file of the host.
   */
  readonly backing?: readonly BackingFile[] | undefined;
  /** Every request completes within `submit`: for a thread that cannot wait for a descriptor. */
  readonly synchronous?: boolean;
}
