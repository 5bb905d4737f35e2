import type { Cpuid, CpuidEntry } from '../cpuid/cpuid-table.ts';
import { type LeafInputs, leafRegisters } from '../cpuid/leaves.ts';

/** Highest hypervisor leaf told: KVM's features. */
const HYPERVISOR_LAST = 0x4000_0001;

/** Everything one vCPU's CPUID answers, ascending. What is left out answers zero. */
export function vcpuCpuid(inputs: LeafInputs): Cpuid {
  const { basic, extended, centaur } = inputs.cpu.levels;
  const ranges = [
    [0, basic],
    [0x4000_0000, HYPERVISOR_LAST],
    [0x8000_0000, extended],
    [0xc000_0000, centaur],
  ] as const;
  const entries: CpuidEntry[] = [];
  for (const [first, last] of ranges) {
    for (let leaf = first; leaf <= last; leaf++) {
      for (const subleaf of subleavesOf(leaf, inputs)) {
        const entry = { leaf, subleaf, ...leafRegisters(inputs, leaf, subleaf) };
        if ((entry.eax | entry.ebx | entry.ecx | entry.edx) !== 0) entries.push(entry);
      }
    }
  }
  return entries;
}

function subleavesOf(leaf: number, { xcr0, cpu }: LeafInputs): readonly number[] {
  switch (leaf) {
    case 4:
    case 0x8000_001d:
      return [0, 1, 2, 3];
    case 7:
      return Array.from({ length: cpu.levels.leaf7 + 1 }, (_, i) => i);
    case 0xb:
      return [0, 1, 2];
    case 0xd:
      return Array.from({ length: 63 }, (_, i) => i).filter((i) => i < 2 || (xcr0 >> BigInt(i)) & 1n);
    case 0x12:
    case 0x14:
    case 0x1d:
      return [0, 1];
    default:
      return [0];
  }
}
