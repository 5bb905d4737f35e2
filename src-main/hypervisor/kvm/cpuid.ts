import { readFileSync } from 'node:fs';
import { brandLeaves, brandOf, type CpuidEntry, isIndexed } from '../../cpu/cpuid/cpuid-table.ts';
import type { Fd } from '../../linux/fd.ts';
import { CAP, KVM } from './ioctls.ts';
import { CPUID2_ENTRY_WORDS, CPUID2_HEADER_WORDS, readSupported } from './supported-cpuid.ts';

/** KVM_CPUID_FLAG_SIGNIFCANT_INDEX (KVM API §4.20). */
const SIGNIFICANT_INDEX = 1;

/** CPUID.1:ECX (SDM 2A CPUID, table 3-10): TSC-deadline timer, running under a hypervisor. */
const ECX_TSC_DEADLINE = 1 << 24;
const ECX_HYPERVISOR = 1 << 31;

/** The processor's name, which KVM leaves out of what it supports (SDM 2A CPUID, table 3-8). */
const BRAND_LEAF = 0x8000_0002;
const BRAND_MAX = 47;

/**
 * Gives a vCPU its CPUID, all of it (KVM API §4.20). Before it first runs; OSXSAVE, OSPKE and the sizes of leaf 0xd follow
 * the guest's control registers from there on by KVM's doing.
 */
export function setCpuid(vcpu: Fd, entries: readonly CpuidEntry[]): void {
  const table = new Uint32Array(CPUID2_HEADER_WORDS + entries.length * CPUID2_ENTRY_WORDS);
  table[0] = entries.length;
  entries.forEach(({ leaf, subleaf, eax, ebx, ecx, edx }, i) => {
    const flags = isIndexed(leaf) ? SIGNIFICANT_INDEX : 0;
    table.set([leaf, subleaf, flags, eax, ebx, ecx, edx], CPUID2_HEADER_WORDS + i * CPUID2_ENTRY_WORDS);
  });
  vcpu.ioctl('KVM_SET_CPUID2', KVM.SET_CPUID2, table);
}

/**
 * Gives a vCPU all the host's KVM supports (KVM API §4.46), with its own APIC id where the leaves carry one.
 * Must come before the vCPU first runs.
 */
export function passHostCpuid(kvm: Fd, vcpu: Fd, apicId: number, cpus: number): void {
  const tscDeadline = kvm.ioctl('KVM_CHECK_EXTENSION', KVM.CHECK_EXTENSION, CAP.TSC_DEADLINE_TIMER) > 0;
  const more = ECX_HYPERVISOR | (tscDeadline ? ECX_TSC_DEADLINE : 0);
  const entries = withBrand(readSupported(kvm)).map((entry): CpuidEntry => {
    const { leaf, ebx, ecx } = entry;
    if (leaf === 1) return { ...entry, ebx: (ebx & 0xffff) | (cpus << 16) | (apicId << 24), ecx: ecx | more };
    return leaf === 0xb || leaf === 0x1f ? { ...entry, edx: apicId } : entry;
  });
  setCpuid(vcpu, entries);
}

/** Adds the host processor's name, as Linux shows it, unless KVM gave one. */
function withBrand(entries: readonly CpuidEntry[]): readonly CpuidEntry[] {
  if (brandOf(entries) !== '') return entries;
  const name = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  if (name === undefined) return entries;
  const brand = brandLeaves(name.slice(0, BRAND_MAX)).map((registers, i) => ({
    leaf: BRAND_LEAF + i,
    subleaf: 0,
    ...registers,
  }));
  return [...entries.filter(({ leaf }) => leaf < BRAND_LEAF || leaf > BRAND_LEAF + 2), ...brand];
}
