import type { Chain } from './chain.ts';

/** What the driver has negotiated for its rings (virtio 1.2 §6). */
export interface QueueFeatures {
  readonly indirect: boolean;
  readonly eventIndex: boolean;
}

/**
 * One virtqueue from the device's side (virtio 1.2 §2.6), split or packed. Whatever the driver puts there, nothing is
 * thrown and nothing outside RAM is touched: a queue that makes no sense is `broken`, and gives nothing more.
 */
export interface Virtqueue {
  /** In descriptors. */
  readonly size: number;
  readonly broken: boolean;
  /** Takes the next available chain into `chain`; false when there is none. */
  pop(chain: Chain): boolean;
  /** Gives a chain back to the driver, with how many bytes were written into it. */
  push(chain: Chain, written: number): void;
  /** The same, but the driver sees it only after `publish`, together with all others placed since. */
  place(chain: Chain, written: number): void;
  publish(): void;
  /** Whether the driver wants to be told of what was pushed since this was last asked. */
  needsSignal(): boolean;
  /** The driver need not notify: the device is looking anyway. */
  disableNotify(): void;
  /** The driver is to notify of the next chain; true when one has come meanwhile. */
  enableNotify(): boolean;
}
