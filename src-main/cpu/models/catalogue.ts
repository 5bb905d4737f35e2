import { invariant } from '../../base/failure.ts';
import { AMD_MODELS } from './amd.ts';
import type { CacheSetName } from './caches.ts';
import { GENERIC_MODELS } from './generic.ts';
import { INTEL_MODELS } from './intel.ts';
import type { CpuVendor, ModelDefinition, ModelVersion } from './model.ts';
import { NEWER_MODELS } from './newer.ts';

/** One version of one model, with everything said out. */
export interface NamedCpu {
  /** `Skylake-Server-v4`. */
  readonly name: string;
  /** `Skylake-Server`. */
  readonly family: ModelDefinition;
  readonly version: number;
  readonly note: string | undefined;
  readonly source: string;
  readonly vendor: CpuVendor;
  readonly model: number;
  readonly stepping: number;
  readonly modelId: string;
  readonly features: ReadonlySet<string>;
  readonly caches: CacheSetName | undefined;
  readonly avx10Version: number;
}

/** Every model, oldest first within each group. */
export const MODELS: readonly ModelDefinition[] = [...GENERIC_MODELS, ...INTEL_MODELS, ...AMD_MODELS, ...NEWER_MODELS];

/** Every version of every model. */
export const NAMED_CPUS: readonly NamedCpu[] = MODELS.flatMap(versionsOf);

/** Names that mean one version: the bare model name is its first, for ever, so that a saved machine's CPU never changes. */
const aliases = new Map<string, string>(
  MODELS.flatMap((model) => [
    [model.name, `${model.name}-v1`] as const,
    ...(model.versions ?? []).flatMap(({ alias, version }) =>
      alias === undefined ? [] : [[alias, `${model.name}-v${version}`] as const],
    ),
  ]),
);
const byName = new Map(NAMED_CPUS.map((cpu) => [cpu.name, cpu]));

/** The CPU a model name, version name or alias stands for. */
export function findNamedCpu(name: string): NamedCpu | undefined {
  return byName.get(aliases.get(name) ?? name);
}

/** The other names of a version. */
export function aliasesOf(cpu: NamedCpu): string[] {
  return [...aliases].filter(([, name]) => name === cpu.name).map(([alias]) => alias);
}

/** Every name a named CPU can be asked for by. */
export function modelNames(): string[] {
  return [...byName.keys(), ...aliases.keys()];
}

function versionsOf(model: ModelDefinition): NamedCpu[] {
  const first = model.versions?.find(({ version }) => version === 1) ?? { version: 1 };
  let cpu: NamedCpu = {
    name: `${model.name}-v1`,
    family: model,
    version: 1,
    note: first.note,
    source: model.source,
    vendor: model.vendor,
    model: model.model,
    stepping: model.stepping,
    modelId: model.modelId,
    features: new Set(Object.values(model.features).flatMap(names)),
    caches: model.caches,
    avx10Version: model.avx10Version ?? 0,
  };
  const all = [cpu];
  for (const version of model.versions ?? []) {
    if (version.version === 1) continue;
    invariant(version.version === cpu.version + 1, `${model.name}: versions are not in order`);
    cpu = applyVersion(cpu, version);
    all.push(cpu);
  }
  return all;
}

function applyVersion(before: NamedCpu, version: ModelVersion): NamedCpu {
  const features = new Set([...before.features, ...names(version.add)]);
  for (const name of names(version.remove)) features.delete(name);
  return {
    ...before,
    name: `${before.family.name}-v${version.version}`,
    version: version.version,
    note: version.note,
    source: version.source ?? before.source,
    model: version.model ?? before.model,
    stepping: version.stepping ?? before.stepping,
    modelId: version.modelId ?? before.modelId,
    caches: version.caches ?? before.caches,
    avx10Version: version.avx10Version ?? before.avx10Version,
    features,
  };
}

function names(list: string | undefined): string[] {
  return list === undefined ? [] : list.split(' ');
}
