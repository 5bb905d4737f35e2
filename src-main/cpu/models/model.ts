import type { FeatureWordName } from '../features/feature-word.ts';
import type { CacheSetName } from './caches.ts';

export type CpuVendor = 'GenuineIntel' | 'AuthenticAMD' | 'HygonGenuine' | '  Shanghai  ';

/** Feature names separated by blanks, by the word they live in. */
export type FeatureList = { readonly [word in FeatureWordName]?: string };

/**
 * A named CPU model: its first version, and what each later one changes. Published versions never change; a correction
 * is a new version.
 */
export interface ModelDefinition {
  readonly name: string;
  readonly vendor: CpuVendor;
  /** Family, model and stepping as software sums them up (SDM 2A CPUID figure 3-6). */
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  /** Highest basic leaf; features that need a higher one raise it. */
  readonly level: number;
  /** Highest extended leaf; 0 where there is none. Features that need a higher one raise it. */
  readonly xlevel: number;
  /** What the processor calls itself, at most 48 characters. */
  readonly modelId: string;
  /** When processors of this kind came out; undefined for those that exist in QEMU only. */
  readonly year?: number;
  /** Where the definition was read. */
  readonly source: string;
  readonly features: FeatureList;
  /** Cache sizes the model tells; undefined for QEMU's generic ones. */
  readonly caches?: CacheSetName;
  /** AVX10 version, for models that have it (AVX10.1 specification §2.2). */
  readonly avx10Version?: number;
  /** Changes against the version before; version 1 is the model itself. */
  readonly versions?: readonly ModelVersion[];
}

export interface ModelVersion {
  readonly version: number;
  /** Another name for exactly this version. */
  readonly alias?: string;
  /** Differs from the model's source where a version came later. */
  readonly source?: string;
  readonly note?: string;
  readonly add?: string;
  readonly remove?: string;
  readonly modelId?: string;
  readonly model?: number;
  readonly stepping?: number;
  readonly caches?: CacheSetName;
  readonly avx10Version?: number;
}

export const QEMU_7_2 = 'QEMU 7.2';
export const QEMU_10_0 = 'QEMU 10.0 (commit 0048035a8703), newer than QEMU 7.2';
export const QEMU_10_1 = 'QEMU 10.1 (qemu-devel, 30 May 2025, PULL 76/77), newer than QEMU 7.2';
