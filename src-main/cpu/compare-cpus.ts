import type { ExpandedCpu } from './expand.ts';
import { FEATURES } from './features/feature-table.ts';

/** One thing two CPUs have differently. */
export interface CpuDifference {
  /** A feature's name, or what else differs: `family`, `caches`, … */
  readonly name: string;
  /** For features `yes` or `-`. */
  readonly a: string;
  readonly b: string;
  readonly explanation: string;
}

/** In what two CPUs differ before any host is asked: identity first, then features in the order of leaves. */
export function compareCpus(a: ExpandedCpu, b: ExpandedCpu): CpuDifference[] {
  return [...identityDifferences(a, b), ...featureDifferences(a, b)];
}

const IDENTITY: readonly (readonly [name: string, read: (cpu: ExpandedCpu) => string, explanation: string])[] = [
  ['vendor', ({ vendor }) => vendor.trim(), 'who the guest takes the maker to be, where the host does not decide'],
  ['family', ({ family }) => `${family}`, 'signature in leaf 1'],
  ['model', ({ model }) => `${model}`, 'signature in leaf 1'],
  ['stepping', ({ stepping }) => `${stepping}`, 'signature in leaf 1'],
  ['processor', ({ modelId }) => modelId, 'name in leaves 80000002 to 80000004'],
  ['level', ({ levels }) => `0x${levels.basic.toString(16)}`, 'highest basic leaf'],
  ['xlevel', ({ levels }) => `0x${levels.extended.toString(16)}`, 'highest extended leaf'],
  ['caches', ({ caches }) => caches ?? 'generic', 'sizes in leaves 2, 4, 80000005, 80000006, 8000001d'],
];

function identityDifferences(a: ExpandedCpu, b: ExpandedCpu): CpuDifference[] {
  return IDENTITY.filter(([, read]) => read(a) !== read(b)).map(([name, read, explanation]) => ({
    name,
    a: read(a),
    b: read(b),
    explanation,
  }));
}

function featureDifferences(a: ExpandedCpu, b: ExpandedCpu): CpuDifference[] {
  return FEATURES.filter(({ name }) => a.features.has(name) !== b.features.has(name)).map(({ name, explanation }) => ({
    name,
    a: a.features.has(name) ? 'yes' : '-',
    b: b.features.has(name) ? 'yes' : '-',
    explanation,
  }));
}
