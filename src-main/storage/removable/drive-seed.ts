/** What the two halves of a drive share. Cloneable. */
export interface DriveSeed {
  /** An eventfd that says that a medium waits. */
  readonly wakeFd: number;
  /** Words for Atomics, by `DRIVE`. */
  readonly words: Int32Array;
}

/** Indices into `DriveSeed.words`. */
export const DRIVE = {
  /** The next medium: an open file's descriptor, or one of `MEDIUM`. Whoever exchanges it owns the file. */
  next: 0,
  /** Counts the changes that were ordered, and those of them that are done. */
  ordered: 1,
  done: 2,
} as const;

export const MEDIUM = { unchanged: 0, none: -1 } as const;
