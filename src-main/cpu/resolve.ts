import { Failure } from '../base/failure.ts';
import type { CpuSpec } from './cpu-spec.ts';
import { cacheViews } from './cpuid/cache-leaves.ts';
import type { Cpuid } from './cpuid/cpuid-table.ts';
import { isAmd } from './cpuid/leaves.ts';
import { type ExpandedCpu, expandNamed } from './expand.ts';
import { findFeature, placeOf } from './features/feature-table.ts';
import { guestMsrs } from './guest-msrs.ts';
import { dishonestFeatures, type HostCpu, hostFeatures, hostVendor, hostXcr0, type MsrValue } from './host-cpuid.ts';
import { expandHost, expandHostModel } from './host-model.ts';
import { mitigationsFor } from './mitigations.ts';
import { apicIdOf, checkTopology, type Topology, vcpuCount } from './normalize/topology.ts';
import { vcpuCpuid } from './normalize/vcpu-cpuid.ts';
import { xcr0For } from './xsave.ts';

/** What to do about features the host lacks: start without them and say so, or refuse. */
export type CpuPolicy = 'warn' | 'enforce';

export interface CpuRequest {
  readonly spec: CpuSpec;
  readonly topology: Topology;
  readonly host: HostCpu;
  readonly policy: CpuPolicy;
}

export interface FeatureReason {
  readonly feature: string;
  /** One clause for people. */
  readonly why: string;
}

/** A CPU as a guest on this host will have it. */
export interface ResolvedCpu {
  readonly cpu: ExpandedCpu;
  /** Features the guest is told of. */
  readonly features: ReadonlySet<string>;
  /** Wanted features the guest does not get, and why. */
  readonly missing: readonly FeatureReason[];
  /** Features the guest gets that this host cannot run honestly, and why. */
  readonly limits: readonly FeatureReason[];
  readonly vcpus: readonly VcpuCpu[];
}

/** One vCPU: its CPUID for KVM_SET_CPUID2 (before it first runs), then its MSRs. */
export interface VcpuCpu {
  /** Also the id the vCPU must be created with (KVM API §4.7). */
  readonly apicId: number;
  readonly cpuid: Cpuid;
  readonly msrs: readonly MsrValue[];
}

/** Width of physical addresses of named models: QEMU's, so a saved machine moves between hosts. */
const NAMED_PHYS_BITS = 40;

/** Vendors whose guests take the logical processors of a socket for threads (Linux reads CmpLegacy as "cores"). */
const THREADS_BY_LEAF_4 = ['GenuineIntel', '  Shanghai  '];

/** The model a spec names, expanded; host models ask the host. */
export function expandModel(spec: CpuSpec, host?: HostCpu): ExpandedCpu {
  if (spec.model !== 'host' && spec.model !== 'max' && spec.model !== 'host-model') return expandNamed(spec);
  if (host === undefined) {
    throw new Failure('host', 'no-host-cpu', `cpu "${spec.model}": this host's KVM cannot be asked for its processor`, {
      hint: 'choose a named model, or see `bulkhead host check`',
    });
  }
  return spec.model === 'host-model' ? expandHostModel(spec, host) : expandHost(spec, host);
}

/**
 * The whole way from a wish to what each vCPU is told: host supported → model → the user's flags → each vCPU's own leaves.
 * With policy `enforce` throws a `Failure` of class `host` where the host lacks a wanted feature or cannot run it honestly.
 */
export function resolveCpu({ spec, topology, host, policy }: CpuRequest): ResolvedCpu {
  checkTopology(topology);
  const offered = hostFeatures(host);
  const wanted = withHostVendor(expandModel(withMitigations(spec, host, offered), host), spec, host);
  const lacking = missingFeatures(wanted, offered);
  const features = new Set([...wanted.features].filter((name) => offered.has(name)));
  if (!wanted.pmu) features.delete('pdcm');
  if (topology.cores * topology.threads > 1) {
    features.add('ht');
    if (!THREADS_BY_LEAF_4.includes(wanted.vendor)) features.add('cmp-legacy');
  }
  const missing = [...lacking, ...untoldThreads(topology, wanted, features)];
  const limits = dishonestFeatures(host).filter(({ feature }) => features.has(feature));
  if (policy === 'enforce') enforce(spec, missing, limits);
  return { cpu: wanted, features, missing, limits, vcpus: vcpusOf(wanted, features, topology, host) };
}

function vcpusOf(cpu: ExpandedCpu, features: ReadonlySet<string>, topology: Topology, host: HostCpu): VcpuCpu[] {
  const shared = {
    cpu,
    features,
    topology,
    caches: cacheViews(cpu.caches),
    physBits: physBitsOf(cpu),
    xcr0: xcr0For(cpu.features) & hostXcr0(host),
    host: host.supported,
  };
  const msrs = guestMsrs(cpu, features);
  return Array.from({ length: vcpuCount(topology) }, (_, vcpu) => ({
    apicId: apicIdOf(vcpu, topology),
    cpuid: vcpuCpuid({ ...shared, vcpu }),
    msrs,
  }));
}

function physBitsOf({ features, physBits }: ExpandedCpu): number {
  if (features.has('lm')) return physBits ?? NAMED_PHYS_BITS;
  // A 32-bit processor's width follows from PSE-36 alone in QEMU 7.2.
  return features.has('pse36') ? 36 : 32;
}

/**
 * A guest is told the host's vendor unless the user says otherwise: SYSCALL and SYSENTER behave differently by vendor in
 * compatibility mode, and a guest must choose by what the processor really does (QEMU does the same under KVM).
 */
function withHostVendor(cpu: ExpandedCpu, spec: CpuSpec, host: HostCpu): ExpandedCpu {
  return { ...cpu, vendor: spec.identity.vendor ?? hostVendor(host) };
}

/** `mitigations=on` adds what the host offers and never more, so it cannot make a machine unrunnable. */
function withMitigations(spec: CpuSpec, host: HostCpu, offered: ReadonlySet<string>): CpuSpec {
  if (!spec.mitigations) return spec;
  const preset = mitigationsFor(hostVendor(host)).filter((name) => offered.has(name));
  return { ...spec, features: new Map([...preset.map((name) => [name, true] as const), ...spec.features]) };
}

function missingFeatures(wanted: ExpandedCpu, offered: ReadonlySet<string>): FeatureReason[] {
  const lacking = [...wanted.features]
    .filter((name) => !offered.has(name))
    .map((feature) => ({ feature, why: `this host's KVM does not offer it (${placeOf(findFeature(feature)!)})` }));
  const orphans = wanted.orphans.map(({ feature, needs }) => ({ feature, why: `it means nothing without ${needs}` }));
  return [...lacking, ...orphans];
}

/** Guests read an AMD processor's threads in leaf 8000001E, which topoext announces (APM 3 E.4.16), and nowhere else. */
function untoldThreads({ threads }: Topology, cpu: ExpandedCpu, features: ReadonlySet<string>): FeatureReason[] {
  if (threads === 1 || !isAmd(cpu) || features.has('topoext')) return [];
  const why = 'an AMD processor tells the threads of a core by it alone: the guest takes them for cores';
  return [{ feature: 'topoext', why }];
}

function enforce(spec: CpuSpec, missing: readonly FeatureReason[], limits: readonly FeatureReason[]): void {
  const first = missing[0] ?? limits[0];
  if (first === undefined) return;
  const names = [...missing, ...limits].map(({ feature }) => feature).join(' ');
  throw new Failure('host', 'cpu-not-runnable', `cpu "${spec.model}": cannot be had in full here: ${names}`, {
    hint: `${first.feature}: ${first.why}; the policy "warn" starts without what is missing`,
    facts: { model: spec.model, missing: names },
  });
}
