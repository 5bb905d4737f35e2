export type RingKind = 'split' | 'packed';
export const RINGS: readonly RingKind[] = ['split', 'packed'];

export interface Piece {
  readonly gpa: number;
  readonly length: number;
  readonly writable?: boolean;
}

/** A virtqueue from the driver's side, as tests of devices need it. */
export interface DriverQueue {
  /** Gives the device a chain of descriptors, one after another; the index of the first. */
  add(pieces: readonly Piece[]): number;
  /** Chains come back since last asked: [what `add` answered, bytes written]. */
  take(): [number, number][];
  /** How many chains `take` would answer. */
  readonly waiting: number;
}
