import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import { cacheViews } from '../../../src-main/cpu/cpuid/cache-leaves.ts';
import type { CpuidEntry } from '../../../src-main/cpu/cpuid/cpuid-table.ts';
import { leafRegisters } from '../../../src-main/cpu/cpuid/leaves.ts';
import { expandNamed } from '../../../src-main/cpu/expand.ts';
import { wordValue } from '../../../src-main/cpu/features/feature-table.ts';
import { FEATURE_WORDS, type FeatureWordName } from '../../../src-main/cpu/features/feature-word.ts';
import type { HostCpu } from '../../../src-main/cpu/host-cpuid.ts';
import { flatTopology, type Topology } from '../../../src-main/cpu/normalize/topology.ts';
import { xcr0For } from '../../../src-main/cpu/xsave.ts';

const folder = join(import.meta.dirname, '../../fixtures/cpu-models');

/** What a guest of QEMU's saw on a host, as scripts/cpu-models/guest-cpuid.mjs wrote it down. */
export interface CapturedGuests {
  readonly host: HostCpu;
  readonly runs: readonly CapturedGuest[];
}

export interface CapturedGuest {
  readonly cpu: string;
  readonly topology: Topology;
  /** Features QEMU said the host lacks. */
  readonly missing: readonly string[];
  /** By APIC id, ascending. */
  readonly vcpus: readonly (readonly CpuidEntry[])[];
}

export function readGuests(file: string): CapturedGuests {
  const json = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  const leaves = (json.leaves as string).split(' ').map((pair) => pair.split('.').map(Number) as [number, number]);
  return {
    host: readHost(json.host),
    runs: json.runs.map((run: Omit<CapturedGuest, 'vcpus'> & { vcpus: string[] }) => ({
      ...run,
      vcpus: run.vcpus.map((cpu) => cpu.split(', ').map((text, i) => ({ ...place(leaves[i]!), ...registers(text) }))),
    })),
  };
}

interface HostJson extends Pick<HostCpu, 'name' | 'hardwareVirtualization' | 'tscDeadline'> {
  readonly supported: readonly string[];
  readonly featureMsrs: readonly string[];
}

function readHost({ supported, featureMsrs, ...rest }: HostJson): HostCpu {
  return {
    ...rest,
    supported: supported.map((line) => {
      const [leaf = '', subleaf = '', ...words] = line.split(' ');
      return { ...place([Number.parseInt(leaf, 16), Number.parseInt(subleaf, 16)]), ...registers(words.join(' ')) };
    }),
    featureMsrs: featureMsrs.map((line) => {
      const [index = '', value = ''] = line.split(' ');
      return { index: Number.parseInt(index, 16), value: BigInt(`0x${value}`) };
    }),
  };
}

function place([leaf, subleaf]: readonly [number, number]) {
  return { leaf, subleaf };
}

function registers(text: string) {
  const [eax = 0, ebx = 0, ecx = 0, edx = 0] =
    text === '.' ? [] : text.split(' ').map((word) => Number.parseInt(word, 16));
  return { eax, ebx, ecx, edx };
}

/** VMX control words hold what may be one in their upper half (SDM 3D A.2). */
const CONTROLS = ['vmx-secondary', 'vmx-pinbased', 'vmx-procbased', 'vmx-exit', 'vmx-entry'];

/** A made-up host whose processor is exactly a named model; the layout of saved state is another host's. */
export function hostOf(text: string, layout: HostCpu): HostCpu {
  const cpu = expandNamed(parseCpuSpec(text));
  const xcr0 = xcr0For(cpu.features);
  const all = {
    cpu,
    features: cpu.features,
    caches: cacheViews(cpu.caches),
    topology: flatTopology(1),
    vcpu: 0,
    physBits: 46,
    xcr0,
  };
  const leaves = [
    0, 1, 6, 7, 0x4000_0001, 0x8000_0000, 0x8000_0001, 0x8000_0007, 0x8000_0008, 0x8000_000a, 0x8000_0021,
  ];
  const places = [
    ...leaves.map((leaf) => [leaf, 0] as const),
    [7, 1] as const,
    [7, 2] as const,
    [0xd, 0] as const,
    [0xd, 1] as const,
  ];
  const saved = layout.supported.filter(({ leaf, subleaf }) => leaf === 0xd && subleaf > 1);
  const msrWords = Object.entries(FEATURE_WORDS).filter(([, word]) => word.kind === 'msr');
  return {
    supported: [
      ...places.map(([leaf, subleaf]) => ({ leaf, subleaf, ...leafRegisters({ ...all, host: saved }, leaf, subleaf) })),
      ...saved,
    ],
    featureMsrs: msrWords.map(([name, word]) => {
      const value = wordValue(name as FeatureWordName, cpu.features);
      const index = word.kind === 'msr' ? word.index : 0;
      return { index, value: CONTROLS.includes(name) ? value << 32n : value };
    }),
    tscDeadline: true,
    hardwareVirtualization: true,
    name: cpu.modelId,
  };
}
