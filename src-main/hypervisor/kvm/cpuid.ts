import { readFileSync } from 'node:fs';
import type { Fd } from '../../linux/fd.ts';
import { addressOf } from '../../linux/libc.ts';
import { CAP, KVM } from './ioctls.ts';

/** struct kvm_cpuid2: nent, padding; then entries of ten words: function, index, flags, eax, ebx, ecx, edx, padding×3. */
const HEADER_WORDS = 2;
const ENTRY_WORDS = 10;
const MAX_ENTRIES = 256;
const WORD = { function: 0, index: 1, flags: 2, eax: 3, ebx: 4, ecx: 5, edx: 6 } as const;

/** CPUID.1:ECX (SDM 2A CPUID, table 3-10): TSC-deadline timer, running under a hypervisor. */
const ECX_TSC_DEADLINE = 1 << 24;
const ECX_HYPERVISOR = 1 << 31;

/** The processor's name, which KVM leaves out of what it supports: 48 bytes in three leaves (SDM 2A CPUID, table 3-10). */
const BRAND_LEAVES = [0x8000_0002, 0x8000_0003, 0x8000_0004];

/**
 * Gives a vCPU all the host's KVM supports (KVM API §4.46), with its own APIC id where the leaves carry one.
 * Must come before the vCPU first runs.
 */
export function passHostCpuid(kvm: Fd, vcpu: Fd, apicId: number, cpus: number): void {
  const table = new Uint32Array(HEADER_WORDS + MAX_ENTRIES * ENTRY_WORDS);
  table[0] = MAX_ENTRIES;
  kvm.ioctl('KVM_GET_SUPPORTED_CPUID', KVM.GET_SUPPORTED_CPUID, addressOf(table));
  addBrand(table);
  const tscDeadline = kvm.ioctl('KVM_CHECK_EXTENSION', KVM.CHECK_EXTENSION, CAP.TSC_DEADLINE_TIMER) > 0;
  for (let i = 0; i < table[0]!; i++) {
    const entry = table.subarray(HEADER_WORDS + i * ENTRY_WORDS, HEADER_WORDS + (i + 1) * ENTRY_WORDS);
    if (entry[WORD.function] === 1) {
      entry[WORD.ebx] = (entry[WORD.ebx]! & 0x0000_ffff) | (cpus << 16) | (apicId << 24);
      entry[WORD.ecx] = entry[WORD.ecx]! | ECX_HYPERVISOR | (tscDeadline ? ECX_TSC_DEADLINE : 0);
    }
    if (entry[WORD.function] === 0xb || entry[WORD.function] === 0x1f) entry[WORD.edx] = apicId;
  }
  vcpu.ioctl('KVM_SET_CPUID2', KVM.SET_CPUID2, addressOf(table));
}

/** Adds the host processor's name, as Linux shows it, unless KVM gave one. */
function addBrand(table: Uint32Array): void {
  const count = table[0]!;
  for (let i = 0; i < count; i++) {
    if (table[HEADER_WORDS + i * ENTRY_WORDS + WORD.function] === BRAND_LEAVES[0]) return;
  }
  const name = /^model name\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  if (name === undefined || count + BRAND_LEAVES.length > MAX_ENTRIES) return;
  const brand = new Uint32Array(BRAND_LEAVES.length * 4);
  new TextEncoder().encodeInto(name.slice(0, brand.byteLength - 1), new Uint8Array(brand.buffer));
  BRAND_LEAVES.forEach((leaf, i) => {
    const at = HEADER_WORDS + (count + i) * ENTRY_WORDS;
    table[at + WORD.function] = leaf;
    table.set(brand.subarray(i * 4, i * 4 + 4), at + WORD.eax);
  });
  table[0] = count + BRAND_LEAVES.length;
}
