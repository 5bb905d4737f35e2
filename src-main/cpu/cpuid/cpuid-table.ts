import type { CpuidRegister } from '../features/feature-word.ts';

/** What CPUID answers to one leaf and subleaf: unsigned 32-bit registers. */
export interface CpuidEntry {
  readonly leaf: number;
  readonly subleaf: number;
  readonly eax: number;
  readonly ebx: number;
  readonly ecx: number;
  readonly edx: number;
}

export type CpuidRegisters = Pick<CpuidEntry, CpuidRegister>;

/** A whole CPUID, in ascending order of leaf and subleaf. */
export type Cpuid = readonly CpuidEntry[];

export const NO_REGISTERS: CpuidRegisters = { eax: 0, ebx: 0, ecx: 0, edx: 0 };

/**
 * Leaves whose answer depends on ECX: KVM must be told (KVM_CPUID_FLAG_SIGNIFCANT_INDEX, KVM API §4.20), or it answers
 * every subleaf with the first entry.
 */
const INDEXED = new Set([4, 7, 0xb, 0xd, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1d, 0x1e, 0x1f, 0x24, 0x8000_001d]);

export function isIndexed(leaf: number): boolean {
  return INDEXED.has(leaf);
}

/** What a leaf answers; zeros where the table has none. */
export function cpuidAt(cpuid: Cpuid, leaf: number, subleaf = 0): CpuidRegisters {
  const found = cpuid.find((entry) => entry.leaf === leaf && (entry.subleaf === subleaf || !isIndexed(leaf)));
  return found ?? NO_REGISTERS;
}

/** Twelve characters in EBX, EDX, ECX, as leaves 0 and 80000000 have them (SDM 2A CPUID leaf 00H). */
export function vendorRegisters(vendor: string): Omit<CpuidRegisters, 'eax'> {
  return { ebx: word(vendor, 0), edx: word(vendor, 4), ecx: word(vendor, 8) };
}

export function vendorOf({ ebx, edx, ecx }: CpuidRegisters): string {
  return [ebx, edx, ecx].map(characters).join('');
}

/** The 48 characters of leaves 80000002 to 80000004 (SDM 2A CPUID table 3-8). */
export function brandLeaves(modelId: string): CpuidRegisters[] {
  const text = modelId.slice(0, 48).padEnd(48, '\0');
  return [0, 16, 32].map((at) => ({
    eax: word(text, at),
    ebx: word(text, at + 4),
    ecx: word(text, at + 8),
    edx: word(text, at + 12),
  }));
}

export function brandOf(cpuid: Cpuid): string {
  const leaves = [0x8000_0002, 0x8000_0003, 0x8000_0004].map((leaf) => cpuidAt(cpuid, leaf));
  const text = leaves.flatMap(({ eax, ebx, ecx, edx }) => [eax, ebx, ecx, edx].map(characters)).join('');
  return text.replace(/\0.*$/s, '').trim();
}

/** Family, model and stepping as leaf 1 packs them (SDM 2A CPUID figure 3-6). */
export function signature(family: number, model: number, stepping: number): number {
  const extended = Math.max(0, family - 0xf);
  return (
    ((extended << 20) | ((model >> 4) << 16) | (Math.min(family, 0xf) << 8) | ((model & 0xf) << 4) | stepping) >>> 0
  );
}

export function readSignature(eax: number): { family: number; model: number; stepping: number } {
  const base = (eax >>> 8) & 0xf;
  return {
    family: base === 0xf ? base + ((eax >>> 20) & 0xff) : base,
    model: (((eax >>> 16) & 0xf) << 4) | ((eax >>> 4) & 0xf),
    stepping: eax & 0xf,
  };
}

function word(text: string, at: number): number {
  let value = 0;
  for (let i = 3; i >= 0; i--) value = (value << 8) | (text.charCodeAt(at + i) & 0xff);
  return value >>> 0;
}

function characters(register: number): string {
  return String.fromCharCode(...[0, 8, 16, 24].map((shift) => (register >>> shift) & 0xff));
}
