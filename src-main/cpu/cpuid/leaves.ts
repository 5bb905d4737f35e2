import type { ExpandedCpu } from '../expand.ts';
import { wordValue } from '../features/feature-table.ts';
import type { FeatureWordName } from '../features/feature-word.ts';
import { apicIdOf, coreShift, placeOfVcpu, socketShift, type Topology } from '../normalize/topology.ts';
import { amdCacheLeaf, amdL1Leaf, amdL2Leaf, type CacheViews, descriptorLeaf, intelCacheLeaf } from './cache-leaves.ts';
import {
  brandLeaves,
  type Cpuid,
  type CpuidRegisters,
  cpuidAt,
  NO_REGISTERS,
  signature,
  vendorRegisters,
} from './cpuid-table.ts';

/** All a vCPU's answers follow from. */
export interface LeafInputs {
  readonly cpu: ExpandedCpu;
  /** What the guest gets, after the host was asked. */
  readonly features: ReadonlySet<string>;
  readonly caches: CacheViews;
  readonly topology: Topology;
  readonly vcpu: number;
  readonly physBits: number;
  readonly xcr0: bigint;
  /** The host's own answers, for what the host alone knows: the layout of saved state, counters. */
  readonly host: Cpuid;
}

/** CLFLUSH's line in units of eight bytes (SDM 2A CPUID leaf 01H EBX). */
const CLFLUSH_UNITS = 8;

/** Bits of 1.EDX that AMD repeats in 80000001.EDX (APM 3 E.4.2). */
const AMD_ALIASES = 0x0183_f3ff;

/** MWAIT extensions, and interrupts wake although masked (SDM 2A CPUID leaf 05H). */
const MWAIT_FLAGS = 3;

const KVM_SIGNATURE = 'KVMKVMKVM\0\0\0';

/** What one leaf and subleaf answer, as QEMU 7.2 encodes them. The caller keeps to the highest leaves. */
export function leafRegisters(inputs: LeafInputs, leaf: number, subleaf: number): CpuidRegisters {
  if (leaf >= 0x8000_0000) return extendedLeaf(inputs, leaf, subleaf);
  if (leaf >= 0x4000_0000) return hypervisorLeaf(inputs, leaf);
  return basicLeaf(inputs, leaf, subleaf);
}

function basicLeaf(inputs: LeafInputs, leaf: number, subleaf: number): CpuidRegisters {
  const { cpu, caches, topology } = inputs;
  switch (leaf) {
    case 0:
      return { eax: cpu.levels.basic, ...vendorRegisters(cpu.vendor) };
    case 1:
      return versionLeaf(inputs);
    case 2:
      return isAmd(cpu) ? NO_REGISTERS : descriptorLeaf(caches.descriptors);
    case 4:
      return isAmd(cpu) ? NO_REGISTERS : intelCacheLeaf(caches.intel, subleaf, topology, socketShift(topology));
    case 5:
      return { ...NO_REGISTERS, ecx: MWAIT_FLAGS };
    case 6:
      return { ...NO_REGISTERS, eax: word(inputs, '6.eax') };
    case 7:
      return featureLeaf7(inputs, subleaf);
    case 0xa:
      return cpu.pmu ? cpuidAt(inputs.host, 0xa) : NO_REGISTERS;
    case 0xb:
      return topologyLeaf(inputs, subleaf);
    case 0xd:
      return stateLeaf(inputs, subleaf);
    case 0x12:
      return sgxLeaf(inputs, subleaf);
    case 0x14:
      return traceLeaf(inputs, subleaf);
    case 0x1d:
      return tileLeaf(inputs, subleaf);
    case 0x1e:
      return inputs.features.has('amx-tile') && subleaf === 0
        ? { ...NO_REGISTERS, ebx: 0x10 | (0x40 << 8) }
        : NO_REGISTERS;
    case 0x24:
      return inputs.features.has('avx10') && subleaf === 0
        ? { ...NO_REGISTERS, ebx: word(inputs, '24.0.ebx') | cpu.avx10Version }
        : NO_REGISTERS;
    default:
      // 0x1f stays zero too: it would tell of dies, and a socket has one.
      return NO_REGISTERS;
  }
}

function extendedLeaf(inputs: LeafInputs, leaf: number, subleaf: number): CpuidRegisters {
  const { cpu, caches, topology } = inputs;
  switch (leaf) {
    case 0x8000_0000:
      return { eax: cpu.levels.extended, ...vendorRegisters(cpu.vendor) };
    case 0x8000_0001:
      return extendedFeatureLeaf(inputs);
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004:
      return brandLeaves(cpu.modelId)[leaf - 0x8000_0002]!;
    case 0x8000_0005:
      return amdL1Leaf(caches.amd);
    case 0x8000_0006:
      return amdL2Leaf(caches.amd);
    case 0x8000_0007:
      return { ...NO_REGISTERS, ebx: word(inputs, '80000007.ebx'), edx: word(inputs, '80000007.edx') };
    case 0x8000_0008:
      return addressLeaf(inputs);
    case 0x8000_000a:
      // Revision 1, sixteen address space ids (APM 3 E.4.9).
      return inputs.features.has('svm')
        ? { eax: 1, ebx: 0x10, ecx: 0, edx: word(inputs, '8000000a.edx') }
        : NO_REGISTERS;
    case 0x8000_001d:
      return amdCacheLeaf(caches.amd, subleaf, topology);
    case 0x8000_001e:
      return amdTopologyLeaf(inputs);
    case 0x8000_0021:
      return { ...NO_REGISTERS, eax: word(inputs, '80000021.eax') };
    case 0xc000_0000:
      return { ...NO_REGISTERS, eax: cpu.levels.centaur };
    case 0xc000_0001:
      return { ...NO_REGISTERS, eax: version(cpu), edx: word(inputs, 'c0000001.edx') };
    default:
      return NO_REGISTERS;
  }
}

/** Linux kvm/x86/cpuid.rst: the signature, then what KVM offers. */
function hypervisorLeaf(inputs: LeafInputs, leaf: number): CpuidRegisters {
  if (leaf === 0x4000_0000) {
    const { ebx, ecx, edx } = vendorRegisters(KVM_SIGNATURE);
    // A signature reads EBX, ECX, EDX; a vendor EBX, EDX, ECX.
    return { eax: 0x4000_0001, ebx, ecx: edx, edx: ecx };
  }
  return { eax: word(inputs, '40000001.eax'), ebx: 0, ecx: 0, edx: word(inputs, '40000001.edx') };
}

/** Leaf 1: OSXSAVE follows CR4 and is KVM's to set. */
function versionLeaf(inputs: LeafInputs): CpuidRegisters {
  const threads = threadsOfSocket(inputs);
  const ebx = (apicId(inputs) << 24) | (threads > 1 ? threads << 16 : 0) | (CLFLUSH_UNITS << 8);
  return { eax: version(inputs.cpu), ebx: ebx >>> 0, ecx: word(inputs, '1.ecx'), edx: word(inputs, '1.edx') };
}

function featureLeaf7(inputs: LeafInputs, subleaf: number): CpuidRegisters {
  if (subleaf === 0) {
    return {
      eax: inputs.cpu.levels.leaf7,
      ebx: word(inputs, '7.0.ebx'),
      ecx: word(inputs, '7.0.ecx'),
      edx: word(inputs, '7.0.edx'),
    };
  }
  if (subleaf === 1) return { ...NO_REGISTERS, eax: word(inputs, '7.1.eax'), edx: word(inputs, '7.1.edx') };
  if (subleaf === 2) return { ...NO_REGISTERS, edx: word(inputs, '7.2.edx') };
  return NO_REGISTERS;
}

/** Leaf 0xb: threads of a core, then threads of a socket (SDM 2A CPUID leaf 0BH). */
function topologyLeaf(inputs: LeafInputs, subleaf: number): CpuidRegisters {
  const { topology } = inputs;
  const edx = apicId(inputs);
  if (subleaf === 0) return { eax: coreShift(topology), ebx: topology.threads, ecx: 1 << 8, edx };
  if (subleaf === 1) return { eax: socketShift(topology), ebx: threadsOfSocket(inputs), ecx: 1 | (2 << 8), edx };
  return { eax: 0, ebx: 0, ecx: subleaf & 0xff, edx };
}

/** Leaf 0xd: the layout is the host's, as its processor saves the state (SDM 2A CPUID leaf 0DH). */
function stateLeaf(inputs: LeafInputs, subleaf: number): CpuidRegisters {
  const { xcr0, host, features } = inputs;
  if (!features.has('xsave')) return NO_REGISTERS;
  if (subleaf === 0) {
    const size = saveAreaSize(host, xcr0, false);
    return { eax: Number(xcr0 & 0xffff_ffffn), ebx: size, ecx: size, edx: Number(xcr0 >> 32n) };
  }
  if (subleaf === 1) {
    const eax = word(inputs, 'd.1.eax');
    return { ...NO_REGISTERS, eax, ebx: eax === 0 ? 0 : saveAreaSize(host, xcr0, true) };
  }
  if (subleaf >= 63 || !((xcr0 >> BigInt(subleaf)) & 1n)) return NO_REGISTERS;
  const { eax, ebx, ecx } = cpuidAt(host, 0xd, subleaf);
  return { eax, ebx, ecx: ecx & 0b110, edx: 0 };
}

/** The legacy area and header, then each component (SDM 1 §13.4). */
function saveAreaSize(host: Cpuid, xcr0: bigint, compacted: boolean): number {
  let size = 512 + 64;
  for (let bit = 2; bit < 63; bit++) {
    if (!((xcr0 >> BigInt(bit)) & 1n)) continue;
    const { eax, ebx } = cpuidAt(host, 0xd, bit);
    size = Math.max(size, (compacted ? size : ebx) + eax);
  }
  return size;
}

/** Leaf 0x12: enclaves are the host's, masked (SDM 2A CPUID leaf 12H). Bulkhead gives a guest no enclave memory. */
function sgxLeaf(inputs: LeafInputs, subleaf: number): CpuidRegisters {
  if (!inputs.features.has('sgx') || subleaf > 1) return NO_REGISTERS;
  const { eax, ebx, ecx, edx } = cpuidAt(inputs.host, 0x12, subleaf);
  if (subleaf === 0) return { eax: eax & word(inputs, '12.0.eax'), ebx: ebx & word(inputs, '12.0.ebx'), ecx, edx };
  const xcr0 = Number(inputs.xcr0 & 0xffff_ffffn) | 0b11;
  return { eax: eax & word(inputs, '12.1.eax'), ebx: 0, ecx: ecx & xcr0, edx: edx & Number(inputs.xcr0 >> 32n) };
}

/** Leaf 0x14: the part of Processor Trace every supported host has (SDM 2A CPUID leaf 14H). */
function traceLeaf(inputs: LeafInputs, subleaf: number): CpuidRegisters {
  if (!inputs.features.has('intel-pt')) return NO_REGISTERS;
  if (subleaf === 0) return { eax: 1, ebx: 0xf, ecx: (0x7 | word(inputs, '14.0.ecx')) >>> 0, edx: 0 };
  return subleaf === 1 ? { ...NO_REGISTERS, eax: (0x0249 << 16) | 2, ebx: (0x3f << 16) | 0x1fff } : NO_REGISTERS;
}

/** Leaf 0x1d: palette 1, eight tiles of sixteen rows of 64 bytes (SDM 2A CPUID leaf 1DH). */
function tileLeaf({ features }: LeafInputs, subleaf: number): CpuidRegisters {
  if (!features.has('amx-tile')) return NO_REGISTERS;
  if (subleaf === 0) return { ...NO_REGISTERS, eax: 1 };
  return subleaf === 1 ? { eax: 0x2000 | (0x400 << 16), ebx: 0x40 | (8 << 16), ecx: 0x10, edx: 0 } : NO_REGISTERS;
}

/** Leaf 80000001: AMD repeats old bits; all but Intel and Zhaoxin say that logical processors may be cores. */
function extendedFeatureLeaf(inputs: LeafInputs): CpuidRegisters {
  const { cpu } = inputs;
  let edx = word(inputs, '80000001.edx');
  if (isAmd(cpu)) edx = ((edx & ~AMD_ALIASES) | (word(inputs, '1.edx') & AMD_ALIASES)) >>> 0;
  return { eax: version(cpu), ebx: 0, ecx: word(inputs, '80000001.ecx'), edx };
}

/** Leaf 80000008: physical and linear widths, APIC id bits and threads of the socket (APM 3 E.4.7). */
function addressLeaf(inputs: LeafInputs): CpuidRegisters {
  const { features, physBits } = inputs;
  const linear = features.has('la57') ? 57 : 48;
  const threads = threadsOfSocket(inputs);
  return {
    eax: features.has('lm') ? physBits | (linear << 8) : physBits,
    ebx: word(inputs, '80000008.ebx'),
    ecx: threads > 1 ? (socketShift(inputs.topology) << 12) | (threads - 1) : 0,
    edx: 0,
  };
}

/** Leaf 8000001E: core and node of this thread (APM 3 E.4.16). */
function amdTopologyLeaf(inputs: LeafInputs): CpuidRegisters {
  const { topology, vcpu } = inputs;
  const { core, socket } = placeOfVcpu(vcpu, topology);
  return { eax: apicId(inputs), ebx: ((topology.threads - 1) << 8) | core, ecx: socket & 0xff, edx: 0 };
}

function word({ features }: LeafInputs, name: FeatureWordName): number {
  return Number(wordValue(name, features));
}

function version({ family, model, stepping }: ExpandedCpu): number {
  return signature(family, model, stepping);
}

function apicId({ vcpu, topology }: LeafInputs): number {
  return apicIdOf(vcpu, topology);
}

function threadsOfSocket({ topology }: LeafInputs): number {
  return topology.cores * topology.threads;
}

export function isAmd({ vendor }: ExpandedCpu): boolean {
  return vendor === 'AuthenticAMD';
}
