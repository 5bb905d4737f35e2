import { KiB, MiB } from '../../vmm/layout.ts';

/** One cache as leaves 2, 4, 80000005, 80000006 and 8000001D tell it (SDM 2A CPUID leaf 04H; APM 3 E.4.15). */
export interface Cache {
  readonly type: 'data' | 'instruction' | 'unified';
  readonly level: 1 | 2 | 3;
  readonly size: number;
  readonly ways: number;
  readonly sets: number;
  /** Self-initializing: needs no set-up by software. */
  readonly selfInit?: boolean;
  /** WBINVD acts on this cache only, not on lower ones of other threads. */
  readonly ownInvalidate?: boolean;
  readonly inclusive?: boolean;
  /** Lines are indexed by a hash and not by plain address bits. */
  readonly complexIndex?: boolean;
}

export interface CacheSet {
  readonly l1d: Cache;
  readonly l1i: Cache;
  readonly l2: Cache;
  readonly l3: Cache;
}

/** Every cache here has 64-byte lines, one partition and one line for each tag. */
export const CACHE_LINE = 64;

function l1(type: 'data' | 'instruction', size: number, ways: number, ownInvalidate = true): Cache {
  return { type, level: 1, size, ways, sets: size / ways / CACHE_LINE, selfInit: true, ownInvalidate };
}

function l2(size: number, ways: number, flags: Partial<Cache> = {}): Cache {
  return { type: 'unified', level: 2, size, ways, sets: size / ways / CACHE_LINE, ...flags };
}

function l3(size: number, flags: Partial<Cache>): Cache {
  return { type: 'unified', level: 3, size, ways: 16, sets: size / 16 / CACHE_LINE, selfInit: true, ...flags };
}

const plain = { inclusive: true };
const hashed = { inclusive: true, complexIndex: true };
const zen2L1 = { l1d: l1('data', 32 * KiB, 8), l1i: l1('instruction', 32 * KiB, 8) };
const zen1 = { l1d: l1('data', 32 * KiB, 8), l1i: l1('instruction', 64 * KiB, 4), l2: l2(512 * KiB, 8) };

/** Caches of models that bring their own, with QEMU's values. */
export const CACHE_SETS = {
  epyc: { ...zen1, l3: l3(8 * MiB, hashed) },
  'epyc-v4': { ...zen1, l3: l3(8 * MiB, plain) },
  'epyc-rome': { ...zen2L1, l2: l2(512 * KiB, 8), l3: l3(16 * MiB, hashed) },
  'epyc-rome-v3': { ...zen2L1, l2: l2(512 * KiB, 8), l3: l3(16 * MiB, plain) },
  'epyc-milan': { ...zen2L1, l2: l2(512 * KiB, 8), l3: l3(32 * MiB, hashed) },
  'epyc-milan-v2': { ...zen2L1, l2: l2(512 * KiB, 8), l3: l3(32 * MiB, plain) },
  'epyc-genoa': { ...zen2L1, l2: l2(1 * MiB, 8), l3: l3(32 * MiB, plain) },
  'epyc-turin': {
    l1d: l1('data', 48 * KiB, 12, false),
    l1i: l1('instruction', 32 * KiB, 8, false),
    l2: l2(1 * MiB, 16, { selfInit: true, inclusive: true }),
    l3: l3(32 * MiB, { ownInvalidate: true }),
  },
} as const satisfies Record<string, CacheSet>;

export type CacheSetName = keyof typeof CACHE_SETS;

const genericL3 = l3(16 * MiB, hashed);

/**
 * QEMU's generic caches, for every other model. The three ways of asking disagree with each other, and have to go on
 * doing so: they are part of what a saved machine's CPU is.
 */
export const GENERIC_CACHES = {
  /** Leaf 4. */
  intel: {
    l1d: l1('data', 32 * KiB, 8),
    l1i: l1('instruction', 32 * KiB, 8),
    l2: l2(4 * MiB, 16, { selfInit: true, ownInvalidate: true }),
    l3: genericL3,
  },
  /** Leaf 2. */
  descriptors: {
    l1d: l1('data', 32 * KiB, 8),
    l1i: l1('instruction', 32 * KiB, 8),
    l2: l2(2 * MiB, 8),
    l3: genericL3,
  },
  /** Leaves 80000005, 80000006, 8000001D. */
  amd: {
    l1d: l1('data', 64 * KiB, 2),
    l1i: l1('instruction', 64 * KiB, 2),
    l2: l2(512 * KiB, 16),
    l3: genericL3,
  },
} as const satisfies Record<string, CacheSet>;
