import type { CpuSpec } from './cpu-spec.ts';
import type { ExpandedCpu } from './expand.ts';
import { type HostCpu, hostFeatures } from './host-cpuid.ts';
import { expandModel } from './resolve.ts';
import { type X8664Level, x8664Level } from './x86-64-level.ts';

/** One feature a person turned on or off, and all that follows from it, the person's other changes staying. */
export interface CpuChange {
  readonly feature: string;
  readonly on: boolean;
  /** Nothing changes: the model has it that way, or it means nothing without `needs`. */
  readonly idle: boolean;
  /** The feature without which this one means nothing, where that is missing. */
  readonly needs: string | null;
  /** Features that fall because this was their foundation. */
  readonly lost: readonly string[];
  /** Features of the model that have their foundation back. */
  readonly brought: readonly string[];
  readonly levelBefore: X8664Level | null;
  readonly levelAfter: X8664Level | null;
  /** Wanted, and not there: the guest will not get it. Null where the host could not be asked. */
  readonly missingHere: boolean | null;
}

/** The consequences of each of a spec's own flags. Throws as `expandModel` does. */
export function cpuChanges(spec: CpuSpec, host?: HostCpu): CpuChange[] {
  const after = expandModel(spec, host);
  const offered = host && hostFeatures(host);
  return [...spec.features].map(([feature, on]) => {
    const without = new Map(spec.features);
    without.delete(feature);
    const before = expandModel({ ...spec, features: without }, host);
    return {
      feature,
      on,
      idle: before.features.has(feature) === after.features.has(feature),
      needs: after.orphans.find((orphan) => orphan.feature === feature)?.needs ?? null,
      lost: onlyIn(before, after, feature),
      brought: onlyIn(after, before, feature),
      levelBefore: x8664Level(before.features),
      levelAfter: x8664Level(after.features),
      missingHere: offered === undefined ? null : on && !offered.has(feature),
    };
  });
}

function onlyIn(here: ExpandedCpu, there: ExpandedCpu, besides: string): string[] {
  return [...here.features].filter((name) => name !== besides && !there.features.has(name));
}
