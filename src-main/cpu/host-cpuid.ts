import { brandOf, type Cpuid, cpuidAt, readSignature, vendorOf } from './cpuid/cpuid-table.ts';
import { featuresIn, findFeature } from './features/feature-table.ts';
import { FEATURE_WORDS, type FeatureWordName } from './features/feature-word.ts';

export interface MsrValue {
  readonly index: number;
  readonly value: bigint;
}

/** A host as its KVM describes it. All data: reading it from the device is the hypervisor's part. */
export interface HostCpu {
  /** KVM_GET_SUPPORTED_CPUID (KVM API §4.46). */
  readonly supported: Cpuid;
  /** Feature MSRs KVM offers to guests: KVM_GET_MSRS on /dev/kvm (KVM API §4.18). */
  readonly featureMsrs: readonly MsrValue[];
  /** KVM_CAP_TSC_DEADLINE_TIMER: offered although the CPUID table leaves it out. */
  readonly tscDeadline: boolean;
  /** VT-x or AMD-V is there. Without, KVM emulates, and cannot run every feature it offers. */
  readonly hardwareVirtualization: boolean;
  /** The processor's name where the table has none. */
  readonly name: string;
}

/** Bits the in-kernel interrupt chip and KVM itself provide on every host, whatever the table says. */
const ALWAYS = ['mtrr', 'pat', 'mce', 'mca', 'hypervisor', 'arat', 'topoext', 'kvm-hint-dedicated'];

/** Offered by KVM only with the interrupt chip outside the kernel, which Bulkhead never has. */
const NEVER = ['kvm-msi-ext-dest-id'];

/** VMX control MSRs hold must-be-one bits below and may-be-one bits above (SDM 3D A.2). */
const CONTROL_WORDS = new Set<string>(['vmx-secondary', 'vmx-pinbased', 'vmx-procbased', 'vmx-exit', 'vmx-entry']);

/** Every feature this host's KVM can give a guest. */
export function hostFeatures(host: HostCpu): Set<string> {
  const features = new Set(Object.keys(FEATURE_WORDS).flatMap((name) => wordFeatures(host, name as FeatureWordName)));
  for (const name of ALWAYS) features.add(name);
  for (const name of NEVER) features.delete(name);
  if (host.tscDeadline) features.add('tsc-deadline');
  // Without hardware virtualization KVM lists the register, and refuses to set it.
  if (featureMsr(host, 0x10a) === undefined || !host.hardwareVirtualization) features.delete('arch-capabilities');
  return features;
}

function wordFeatures(host: HostCpu, name: FeatureWordName): string[] {
  const word = FEATURE_WORDS[name];
  if (word.kind === 'cpuid') {
    const registers = cpuidAt(host.supported, word.leaf, 'subleaf' in word ? word.subleaf : 0);
    return featuresIn(name, BigInt(registers[word.register]));
  }
  const value = featureMsr(host, word.index) ?? 0n;
  return featuresIn(name, CONTROL_WORDS.has(name) ? (value >> 32n) & ~(value & 0xffff_ffffn) : value);
}

function featureMsr(host: HostCpu, index: number): bigint | undefined {
  return host.featureMsrs.find((msr) => msr.index === index)?.value;
}

export function hostVendor({ supported }: HostCpu): string {
  return vendorOf(cpuidAt(supported, 0));
}

export function hostIdentity(host: HostCpu): { family: number; model: number; stepping: number; modelId: string } {
  const name = brandOf(host.supported) || host.name;
  return { ...readSignature(cpuidAt(host.supported, 1).eax), modelId: name.slice(0, 48) };
}

/** Width of the host's physical addresses (APM 3 E.4.7); 36 on processors that do not tell (SDM 2A CPUID 80000008H). */
export function hostPhysBits({ supported }: HostCpu): number {
  return cpuidAt(supported, 0x8000_0008).eax & 0xff || 36;
}

/** XCR0 components the host can save (SDM 2A CPUID leaf 0DH). */
export function hostXcr0({ supported }: HostCpu): bigint {
  const { eax, edx } = cpuidAt(supported, 0xd, 0);
  return (BigInt(edx) << 32n) | BigInt(eax);
}

/**
 * Features a host offers but cannot run honestly. Without hardware virtualization KVM runs the guest's kernel by
 * emulating instructions, and its emulator stops at these in protected and long mode.
 */
export function dishonestFeatures(host: HostCpu): { feature: string; why: string }[] {
  if (host.hardwareVirtualization) return [];
  const why = 'this host has no hardware virtualization, and the emulation in its KVM stops at these instructions';
  return ['fpu', 'sse', 'sse2', 'xsave', 'cx16']
    .filter((name) => findFeature(name))
    .map((feature) => ({ feature, why }));
}
