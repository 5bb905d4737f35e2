import { type CpuSpec, parseCpuSpec } from './cpu-spec.ts';
import { expandNamed } from './expand.ts';
import { FEATURES, wordOf } from './features/feature-table.ts';
import type { FeatureWordName } from './features/feature-word.ts';
import { dishonestFeatures, type HostCpu, hostFeatures } from './host-cpuid.ts';
import { nearestModel } from './host-model.ts';
import { aliasesOf, findNamedCpu, NAMED_CPUS } from './models/catalogue.ts';
import { flatTopology, type Topology } from './normalize/topology.ts';
import { expandModel, type ResolvedCpu, resolveCpu } from './resolve.ts';
import { type X8664Level, x8664Level } from './x86-64-level.ts';

/** One line of `cpu list` (interfaces.md; fields are added, never renamed). */
export interface CpuModelSummary {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly vendor: string;
  readonly year: number | null;
  readonly level: X8664Level | null;
  readonly description: string;
  readonly source: string;
  /** Whether this host can run it in full and honestly; false where the host could not be asked. */
  readonly runnable: boolean;
  /** Features the host lacks. */
  readonly missing: readonly string[];
  /** Features the host offers but cannot run honestly. */
  readonly limits: readonly string[];
}

/** Every model and version with its fit on `host`; without a host the fit is unknown and told as not runnable. */
export function cpuModels(host?: HostCpu): CpuModelSummary[] {
  const offered = host && hostFeatures(host);
  const dishonest = host ? dishonestFeatures(host).map(({ feature }) => feature) : [];
  const named = NAMED_CPUS.map((cpu) => {
    const { features } = expandNamed(parseCpuSpec(cpu.name));
    const fit = fitOf(features, offered, dishonest);
    return {
      name: cpu.name,
      aliases: aliasesOf(cpu),
      vendor: cpu.vendor,
      year: cpu.family.year ?? null,
      level: x8664Level(features),
      description: describe(cpu.modelId, cpu.note),
      source: cpu.source,
      ...fit,
    };
  });
  return [...hostModels(host, offered, dishonest), ...named];
}

/** One feature in three columns. */
export interface FeatureColumns {
  readonly name: string;
  /** Where it is told: `7.0.ebx`, or an MSR's word. */
  readonly leaf: string;
  readonly bits: readonly number[];
  readonly explanation: string;
  readonly source: string;
  /** Null where the host could not be asked. */
  readonly wants: boolean;
  readonly has: boolean | null;
  readonly gets: boolean | null;
}

/** `cpu show` (interfaces.md). */
export interface CpuDescription extends Omit<CpuModelSummary, 'missing' | 'limits' | 'aliases'> {
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  readonly modelId: string;
  /** The level the guest really reaches; null below v1, or where the host could not be asked. */
  readonly levelHere: X8664Level | null;
  readonly features: readonly FeatureColumns[];
  readonly missing: ResolvedCpu['missing'];
  readonly limits: ResolvedCpu['limits'];
  /** The first vCPU's leaves; empty where the host could not be asked. */
  readonly cpuid: ResolvedCpu['vcpus'][number]['cpuid'];
  /** Every vCPU with its leaves; empty where the host could not be asked. */
  readonly vcpus: readonly Pick<ResolvedCpu['vcpus'][number], 'apicId' | 'cpuid'>[];
}

export interface DescribeOptions {
  readonly topology?: Topology;
  /** Also features that nobody wants, has or gets. */
  readonly everyFeature?: boolean;
}

/** One CPU with every feature it wants, the host has, or the guest gets. */
export function describeCpu(
  spec: CpuSpec,
  host?: HostCpu,
  { topology = flatTopology(1), everyFeature = false }: DescribeOptions = {},
): CpuDescription {
  const resolved = host && resolveCpu({ spec, topology, host, policy: 'warn' });
  const cpu = resolved?.cpu ?? expandModel(spec, host);
  const offered = host && hostFeatures(host);
  const named = findNamedCpu(cpu.name);
  const features = FEATURES.filter(
    ({ name }) => everyFeature || cpu.features.has(name) || offered?.has(name) || resolved?.features.has(name),
  );
  return {
    name: cpu.name,
    vendor: cpu.vendor,
    year: named?.family.year ?? null,
    level: x8664Level(cpu.features),
    levelHere: resolved ? x8664Level(resolved.features) : null,
    description: named ? describe(named.modelId, named.note) : cpu.modelId,
    source: named?.source ?? 'this host',
    runnable: resolved !== undefined && resolved.missing.length === 0 && resolved.limits.length === 0,
    family: cpu.family,
    model: cpu.model,
    stepping: cpu.stepping,
    modelId: cpu.modelId,
    features: features.map((feature) => ({
      name: feature.name,
      leaf: leafName(feature.word),
      bits: feature.bits,
      explanation: feature.explanation,
      source: feature.source,
      wants: cpu.features.has(feature.name),
      has: offered ? offered.has(feature.name) : null,
      gets: resolved ? resolved.features.has(feature.name) : null,
    })),
    missing: resolved?.missing ?? [],
    limits: resolved?.limits ?? [],
    cpuid: resolved?.vcpus[0]?.cpuid ?? [],
    vcpus: (resolved?.vcpus ?? []).map(({ apicId, cpuid }) => ({ apicId, cpuid })),
  };
}

function leafName(word: FeatureWordName): string {
  const place = FEATURES.find((feature) => feature.word === word);
  const where = place && wordOf(place);
  return where?.kind === 'msr' ? `msr ${where.register}` : word;
}

function fitOf(features: ReadonlySet<string>, offered: ReadonlySet<string> | undefined, dishonest: readonly string[]) {
  if (offered === undefined) return { runnable: false, missing: [], limits: [] };
  const missing = [...features].filter((name) => !offered.has(name));
  const limits = dishonest.filter((name) => features.has(name));
  return { runnable: missing.length === 0 && limits.length === 0, missing, limits };
}

function hostModels(host: HostCpu | undefined, offered: Set<string> | undefined, dishonest: readonly string[]) {
  if (host === undefined || offered === undefined) return [];
  const near = nearestModel(host);
  return (['host', 'host-model'] as const).map((name): CpuModelSummary => {
    const { features, vendor, modelId } = expandModel(parseCpuSpec(name), host);
    return {
      name,
      aliases: name === 'host' ? ['max'] : [],
      vendor,
      year: null,
      level: x8664Level(features),
      description:
        name === 'host' ? `this host's processor: ${modelId}` : `${near.base.name} with this host's differences`,
      source: 'this host',
      ...fitOf(features, offered, dishonest),
    };
  });
}

function describe(modelId: string, note: string | undefined): string {
  return note === undefined ? modelId : `${modelId} (${note})`;
}
