import { invariant } from '../base/failure.ts';
import type { CpuSpec } from './cpu-spec.ts';
import { cpuidAt } from './cpuid/cpuid-table.ts';
import { type ExpandedCpu, expandNamed, finishExpansion } from './expand.ts';
import { dropOrphans } from './features/dependencies.ts';
import { findFeature } from './features/feature-table.ts';
import { type HostCpu, hostFeatures, hostIdentity, hostPhysBits, hostVendor } from './host-cpuid.ts';
import { ACCELERATOR_DEFAULTS } from './models/accelerator-defaults.ts';
import { NAMED_CPUS, type NamedCpu } from './models/catalogue.ts';

/**
 * Features the host has that are not passed through unasked: those the topology sets, those that need more than the bit,
 * and those that tie a machine to this host.
 */
const NOT_PASSED = ['ht', 'topoext', 'kvm-hint-dedicated', 'kvm-asyncpf-vmexit', 'invtsc'];

/** Passes the host's processor through: `host`. */
export function expandHost(spec: CpuSpec, host: HostCpu): ExpandedCpu {
  const features = hostFeatures(host);
  for (const name of NOT_PASSED) features.delete(name);
  return finishExpansion(spec, features, {
    name: 'host',
    vendor: hostVendor(host),
    ...hostIdentity(host),
    caches: undefined,
    avx10Version: cpuidAt(host.supported, 0x24).ebx & 0xff,
    physBits: hostPhysBits(host),
    pmu: true,
    least: { basic: cpuidAt(host.supported, 0).eax, extended: cpuidAt(host.supported, 0x8000_0000).eax },
  });
}

/** The nearest named model, and what the host has beside it or lacks of it. */
export interface HostModel {
  readonly base: NamedCpu;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

/** A lacking feature weighs more than one to be added: a guest must not be told of what is not there. */
const LACK_WEIGHT = 4;

/** Finds the named model that needs the fewest changes to be this host; of equals, the one of its family and model. */
export function nearestModel(host: HostCpu): HostModel {
  const vendor = hostVendor(host);
  const identity = hostIdentity(host);
  const offered = hostFeatures(host);
  for (const name of NOT_PASSED) offered.delete(name);
  dropOrphans(offered);
  // A bit of nested virtualization alone makes no model nearer.
  const counted = (name: string) => !findFeature(name)?.word.startsWith('vmx');
  const sameVendor = NAMED_CPUS.filter((cpu) => cpu.vendor === vendor && cpu.family.year !== undefined);
  let best: (HostModel & { score: number }) | undefined;
  for (const base of sameVendor.length > 0 ? sameVendor : NAMED_CPUS) {
    const { features } = expandNamed({ model: base.name, features: new Map(), identity: {}, mitigations: false });
    const add = [...offered].filter((name) => !features.has(name) && !isDefaultOff(name));
    const remove = [...features].filter((name) => !offered.has(name) && !NOT_PASSED.includes(name));
    const kin = base.family.family === identity.family && base.model === identity.model ? 0 : 0.5;
    const score = add.filter(counted).length + LACK_WEIGHT * remove.filter(counted).length + kin;
    if (best === undefined || score <= best.score) best = { base, add, remove, score };
  }
  invariant(best !== undefined, 'the catalogue is empty');
  return { base: best.base, add: best.add, remove: best.remove };
}

/** Expands `host-model`: the nearest named model with the differences applied, so it can be told to another host. */
export function expandHostModel(spec: CpuSpec, host: HostCpu): ExpandedCpu {
  const { base, add, remove } = nearestModel(host);
  const features = new Map([
    ...add.map((name) => [name, true] as const),
    ...remove.map((name) => [name, false] as const),
  ]);
  for (const [name, on] of spec.features) features.set(name, on);
  const expanded = expandNamed({ ...spec, model: base.name, features });
  return { ...expanded, name: `host-model (${base.name})`, physBits: spec.identity.physBits ?? hostPhysBits(host) };
}

function isDefaultOff(name: string): boolean {
  return (ACCELERATOR_DEFAULTS.kvm.off as readonly string[]).includes(name);
}
