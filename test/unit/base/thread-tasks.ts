/** What a test thread is asked to do. */
export type ThreadTask =
  /** Take the lock at word 0 `times` times and add one to words 1 and 2; word 3 tells of a tear. */
  | { readonly kind: 'count'; readonly buffer: SharedArrayBuffer; readonly times: number }
  /** Push `count` bytes of the pattern into the ring at offset 0. */
  | { readonly kind: 'produce'; readonly buffer: SharedArrayBuffer; readonly capacity: number; readonly count: number };

/** Byte `index` of a stream without a short period. */
export function patternByte(index: number): number {
  return (index ^ (index >>> 8) ^ (index >>> 16)) & 0xff;
}
