import type { NamedDifference } from '../support/lab/kernel-log.ts';

/** Where a guest's kernel log on Bulkhead and on QEMU's `-M microvm` may differ, and why each is as it should be. */
export const fromQemu: readonly NamedDifference[] = [];
