import type { CacheSetName } from '../models/caches.ts';
import { CACHE_LINE, CACHE_SETS, type Cache, type CacheSet, GENERIC_CACHES } from '../models/caches.ts';
import type { Topology } from '../normalize/topology.ts';
import { type CpuidRegisters, NO_REGISTERS } from './cpuid-table.ts';

/** The three views software has of a model's caches. */
export interface CacheViews {
  readonly intel: CacheSet;
  readonly descriptors: CacheSet;
  readonly amd: CacheSet;
}

export function cacheViews(name: CacheSetName | undefined): CacheViews {
  if (name === undefined) return GENERIC_CACHES;
  const own = CACHE_SETS[name];
  return { intel: own, descriptors: own, amd: own };
}

const KIB = 1024;

/** Leaf 2 descriptors of the caches models have, all of 64-byte lines: level, size in KiB, ways (SDM 2A CPUID table 3-12). */
const DESCRIPTORS: readonly (readonly [code: number, kind: Cache['type'], level: number, KiB: number, ways: number])[] =
  [
    [0x2c, 'data', 1, 32, 8],
    [0x30, 'instruction', 1, 32, 8],
    [0x4d, 'unified', 3, 16 * KIB, 16],
    [0x7d, 'unified', 2, 2 * KIB, 8],
    [0x80, 'unified', 2, 512, 8],
    [0xe4, 'unified', 3, 8 * KIB, 16],
  ];

/** "Ask leaf 4" (SDM 2A CPUID table 3-12). */
const NO_DESCRIPTOR = 0xff;

/** Leaf 2: one byte for each cache. */
export function descriptorLeaf({ l1d, l1i, l2, l3 }: CacheSet): CpuidRegisters {
  const edx = (descriptor(l1d) << 16) | (descriptor(l1i) << 8) | descriptor(l2);
  return { eax: 1, ebx: 0, ecx: descriptor(l3), edx };
}

function descriptor({ type, level, size, ways }: Cache): number {
  const found = DESCRIPTORS.find(
    ([, kind, itsLevel, KiB, itsWays]) => kind === type && itsLevel === level && KiB * KIB === size && itsWays === ways,
  );
  return found?.[0] ?? NO_DESCRIPTOR;
}

const TYPE = { data: 1, instruction: 2, unified: 3 } as const;

/** Type, level, set-up, geometry and flags, without who shares it (SDM 2A CPUID leaf 04H; APM 3 E.4.15). */
function geometry({
  type,
  level,
  ways,
  sets,
  selfInit,
  ownInvalidate,
  inclusive,
  complexIndex,
}: Cache): CpuidRegisters {
  return {
    eax: TYPE[type] | (level << 5) | (selfInit ? 1 << 8 : 0),
    ebx: (CACHE_LINE - 1) | ((ways - 1) << 22),
    ecx: sets - 1,
    edx: (ownInvalidate ? 1 : 0) | (inclusive ? 2 : 0) | (complexIndex ? 4 : 0),
  };
}

/** Leaf 4: who shares is told in APIC ids, rounded up for the third level (SDM 2A CPUID leaf 04H). */
export function intelCacheLeaf(
  caches: CacheSet,
  subleaf: number,
  { cores, threads }: Topology,
  shift: number,
): CpuidRegisters {
  const cache = cacheNumber(caches, subleaf);
  if (cache === undefined) return NO_REGISTERS;
  const sharing = cache.level === 1 ? 1 : cache.level === 2 ? threads : 1 << shift;
  const { eax, ...rest } = geometry(cache);
  return { eax: (eax | ((cores - 1) << 26) | ((sharing - 1) << 14)) >>> 0, ...rest };
}

/** Leaf 8000001D: who shares is told in threads (APM 3 E.4.15). */
export function amdCacheLeaf(caches: CacheSet, subleaf: number, { cores, threads }: Topology): CpuidRegisters {
  const cache = cacheNumber(caches, subleaf);
  if (cache === undefined) return NO_REGISTERS;
  const sharing = cache.level === 3 ? cores * threads : threads;
  const { eax, ...rest } = geometry(cache);
  return { eax: eax | ((sharing - 1) << 14), ...rest };
}

function cacheNumber({ l1d, l1i, l2, l3 }: CacheSet, subleaf: number): Cache | undefined {
  return [l1d, l1i, l2, l3][subleaf];
}

/** AMD's associativity code (APM 3 E.4.5). */
const WAYS_CODE: Readonly<Record<number, number>> = {
  2: 2,
  4: 4,
  8: 6,
  16: 8,
  32: 0xa,
  48: 0xb,
  64: 0xc,
  96: 0xd,
  128: 0xe,
};

/** QEMU's generic TLBs: 255 fully associative entries at level 1, 512 four-way entries at level 2. */
const L1_TLB = 0x01ff_01ff;
const L2_TLB = 0x4200_4200;

/** Leaf 80000005: level 1 (APM 3 E.4.4). */
export function amdL1Leaf({ l1d, l1i }: CacheSet): CpuidRegisters {
  const l1 = ({ size, ways }: Cache) => (((size / KIB) << 24) | (ways << 16) | (1 << 8) | CACHE_LINE) >>> 0;
  return { eax: L1_TLB, ebx: L1_TLB, ecx: l1(l1d), edx: l1(l1i) };
}

/** Leaf 80000006: levels 2 and 3 (APM 3 E.4.5). */
export function amdL2Leaf({ l2, l3 }: CacheSet): CpuidRegisters {
  const tail = ({ ways }: Cache) => ((WAYS_CODE[ways] ?? 0) << 12) | (1 << 8) | CACHE_LINE;
  return {
    eax: 0,
    ebx: L2_TLB,
    ecx: (((l2.size / KIB) << 16) | tail(l2)) >>> 0,
    edx: (((l3.size / (512 * KIB)) << 18) | tail(l3)) >>> 0,
  };
}
