import { invariant } from '../base/failure.ts';
import type { CpuSpec } from './cpu-spec.ts';
import { dropOrphans } from './features/dependencies.ts';
import { wordValue } from './features/feature-table.ts';
import type { FeatureWordName } from './features/feature-word.ts';
import { FEATURE_WORDS } from './features/feature-word.ts';
import { ACCELERATOR_DEFAULTS, type AcceleratorDefaults } from './models/accelerator-defaults.ts';
import type { CacheSetName } from './models/caches.ts';
import { findNamedCpu } from './models/catalogue.ts';

/** A CPU as it is wished for, before any host is asked: every feature and every value said out. */
export interface ExpandedCpu {
  /** The version's full name, or `host`. */
  readonly name: string;
  readonly vendor: string;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  readonly modelId: string;
  readonly features: ReadonlySet<string>;
  readonly levels: CpuidLevels;
  readonly caches: CacheSetName | undefined;
  readonly avx10Version: number;
  /** Undefined where nobody chose: the host's width for host models, 40 bits for named ones. */
  readonly physBits: number | undefined;
  /** Performance counters are passed through; host models only. */
  readonly pmu: boolean;
  /** Features asked for by name that mean nothing without another one. */
  readonly orphans: readonly { readonly feature: string; readonly needs: string }[];
}

/** Highest leaves and subleaves told. */
export interface CpuidLevels {
  readonly basic: number;
  readonly extended: number;
  /** Centaur's range, 0xc0000000; 0 where there is none. */
  readonly centaur: number;
  /** Highest subleaf of leaf 7. */
  readonly leaf7: number;
}

/** Words that raise the highest leaf told when they are not empty. */
const RAISING: readonly FeatureWordName[] = [
  ...([
    '1.edx',
    '1.ecx',
    '6.eax',
    '7.0.ebx',
    '7.0.ecx',
    '7.0.edx',
    '7.1.eax',
    '7.1.edx',
    '7.2.edx',
    'd.1.eax',
  ] as const),
  ...(['80000001.edx', '80000001.ecx', '80000007.edx', '80000008.ebx', '8000000a.edx', '80000021.eax'] as const),
  'c0000001.edx',
];

/** Single features that need a leaf of their own (SDM 2A CPUID; APM 3 E.4). */
const FEATURE_LEAVES: readonly (readonly [feature: string, leaf: number])[] = [
  ['sgx', 0x12],
  ['intel-pt', 0x14],
  ['avx10', 0x24],
  ['svm', 0x8000_000a],
];

/**
 * A named model with an accelerator's defaults and the user's flags: what QEMU 7.2 answers to
 * `query-cpu-model-expansion` of type full.
 */
export function expandNamed(spec: CpuSpec, accelerator: AcceleratorDefaults = 'kvm'): ExpandedCpu {
  const cpu = findNamedCpu(spec.model);
  invariant(cpu !== undefined, `CPU model ${spec.model} is not in the catalogue`);
  const defaults = ACCELERATOR_DEFAULTS[accelerator];
  const features = new Set([...cpu.features, 'hypervisor', ...defaults.on]);
  for (const name of defaults.off) features.delete(name);
  return finishExpansion(spec, features, {
    name: cpu.name,
    vendor: cpu.vendor,
    family: cpu.family.family,
    model: cpu.model,
    stepping: cpu.stepping,
    modelId: cpu.modelId,
    caches: cpu.caches,
    avx10Version: cpu.avx10Version,
    physBits: undefined,
    pmu: false,
    least: { basic: cpu.family.level, extended: cpu.family.xlevel },
  });
}

/** Where a feature's set starts from, before flags and levels. */
export interface ExpansionBase extends Omit<ExpandedCpu, 'features' | 'levels' | 'orphans'> {
  readonly least: { readonly basic: number; readonly extended: number };
}

/** Applies the user's flags and identity to a starting set, drops what has lost its foundation, and counts the leaves. */
export function finishExpansion(spec: CpuSpec, features: Set<string>, base: ExpansionBase): ExpandedCpu {
  const { least, ...rest } = base;
  for (const [name, on] of spec.features) {
    if (on) features.add(name);
    else features.delete(name);
  }
  const orphans = dropOrphans(features).filter(({ feature }) => spec.features.get(feature) === true);
  return { ...rest, ...spec.identity, features, orphans, levels: levelsFor(features, least) };
}

/** The highest leaves a set of features needs, and at least the model's own. */
export function levelsFor(features: ReadonlySet<string>, least: ExpansionBase['least']): CpuidLevels {
  const levels = { basic: least.basic, extended: least.extended, centaur: 0, leaf7: 0 };
  for (const name of RAISING) {
    const word = FEATURE_WORDS[name];
    if (word.kind !== 'cpuid' || wordValue(name, features) === 0n) continue;
    raise(levels, word.leaf);
    if (word.leaf === 7) levels.leaf7 = Math.max(levels.leaf7, word.subleaf ?? 0);
  }
  for (const [name, leaf] of FEATURE_LEAVES) if (features.has(name)) raise(levels, leaf);
  return levels;
}

function raise(levels: { basic: number; extended: number; centaur: number }, leaf: number): void {
  const range = leaf >= 0xc000_0000 ? 'centaur' : leaf >= 0x8000_0000 ? 'extended' : 'basic';
  levels[range] = Math.max(levels[range], leaf);
}
