import { type CpuChange, cpuChanges } from './cpu-changes.ts';
import type { CpuSpec } from './cpu-spec.ts';
import { type CpuDescription, describeCpu, type FeatureColumns } from './cpu-summary.ts';
import { findFeature, wordOf } from './features/feature-table.ts';
import { WORD_TITLES } from './features/word-titles.ts';
import { type HostCpu, hostFeatures, hostVendor } from './host-cpuid.ts';
import { mitigationsFor } from './mitigations.ts';
import { expandModel } from './resolve.ts';

/** A feature as someone changing a CPU sees it. */
export interface SheetFeature extends FeatureColumns {
  /** Whether the model has it before the person's own flags. */
  readonly byModel: boolean;
  /** What the person said of it, if anything. */
  readonly asked: boolean | null;
  /** Why the guest does not get what is wanted, or cannot use what it gets. */
  readonly why: string | null;
}

/** Features told in one register. */
export interface SheetGroup {
  /** `CPUID 7.0.ebx`, `MSR IA32_ARCH_CAPABILITIES`. */
  readonly place: string;
  readonly title: string;
  readonly features: readonly SheetFeature[];
}

/** Everything about one CPU for a person who chooses and changes it. */
export interface CpuSheet extends Omit<CpuDescription, 'features' | 'cpuid'> {
  readonly groups: readonly SheetGroup[];
  readonly changes: readonly CpuChange[];
  /** What the mitigations preset stands for: by the host's vendor and offer, or, unasked, by the model's vendor alone. */
  readonly preset: readonly string[];
  readonly mitigations: boolean;
}

/** Throws as `expandModel` does where the CPU is made from a host that cannot be asked. */
export function cpuSheet(spec: CpuSpec, host?: HostCpu): CpuSheet {
  const { features, cpuid: _cpuid, ...described } = describeCpu(spec, host, { everyFeature: true });
  const base = expandModel({ ...spec, features: new Map() }, host).features;
  const why = new Map([...described.missing, ...described.limits].map(({ feature, why }) => [feature, why]));
  const groups = new Map<string, { place: string; title: string; features: SheetFeature[] }>();
  for (const row of features) {
    const feature = findFeature(row.name)!;
    const word = wordOf(feature);
    const place = word.kind === 'cpuid' ? `CPUID ${feature.word}` : `MSR ${word.register}`;
    const group = groups.get(place) ?? { place, title: WORD_TITLES[feature.word], features: [] };
    groups.set(place, group);
    group.features.push({
      ...row,
      byModel: base.has(row.name),
      asked: spec.features.get(row.name) ?? null,
      why: why.get(row.name) ?? null,
    });
  }
  return {
    ...described,
    groups: [...groups.values()],
    changes: cpuChanges(spec, host),
    preset: presetOf(described.vendor, host),
    mitigations: spec.mitigations,
  };
}

function presetOf(vendor: string, host: HostCpu | undefined): string[] {
  const all = mitigationsFor(host ? hostVendor(host) : vendor).filter((name) => findFeature(name));
  const offered = host && hostFeatures(host);
  return offered === undefined ? all : all.filter((name) => offered.has(name));
}
