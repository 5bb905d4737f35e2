import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import { cpuidAt } from '../../../src-main/cpu/cpuid/cpuid-table.ts';
import type { HostCpu } from '../../../src-main/cpu/host-cpuid.ts';
import { type ResolvedCpu, resolveCpu } from '../../../src-main/cpu/resolve.ts';
import { readGuests } from './host-fixture.ts';

interface Difference {
  readonly place: (leaf: number, subleaf: number, register: string) => boolean;
  readonly why: string;
  readonly when?: (host: HostCpu, resolved: ResolvedCpu) => boolean;
}

/**
 * What is not compared, and why. Bits that follow the guest's own control registers (OSXSAVE, OSPKE) are zero on both
 * sides, as the firmware never sets them.
 */
const DIFFERENCES: readonly Difference[] = [
  {
    place: (leaf, subleaf, register) => leaf === 0xd && subleaf <= 1 && register === 'ebx',
    why: 'the size for the state the guest has enabled so far: KVM works it out whenever XCR0 changes',
  },
  {
    place: (leaf, subleaf, register) => leaf === 0x12 && subleaf === 1 && register === 'ecx',
    why: 'KVM adds x87 and SSE to an entry for enclaves; QEMU hands in an empty one, and here there is none',
    when: (_, { features }) => !features.has('sgx'),
  },
  {
    place: (leaf) => leaf === 1 || leaf === 7 || leaf === 0xd,
    why: 'KVM without hardware virtualization answers with the processor’s own features, whatever it was told',
    when: ({ hardwareVirtualization }) => !hardwareVirtualization,
  },
];

const files = readdirSync(join(import.meta.dirname, '../../fixtures/cpu-models')).filter((name) =>
  /^guest-/.test(name),
);

describe.each(files)('a guest’s CPUID equals that of QEMU 7.2 under KVM: %s', (file) => {
  const { host, runs } = readGuests(file);
  const cases = runs.map((run) => [`${run.cpu}, ${Object.values(run.topology).join('×')}`, run] as const);

  it.each(cases)('%s', (_name, run) => {
    const resolved = resolveCpu({ spec: parseCpuSpec(run.cpu), topology: run.topology, host, policy: 'warn' });
    expect(resolved.vcpus.map(({ apicId }) => apicId)).toEqual(run.vcpus.map((cpu) => cpuidAt(cpu, 1).ebx >>> 24));
    const { basic, extended } = resolved.cpu.levels;
    run.vcpus.forEach((guest, index) => {
      const { cpuid } = resolved.vcpus[index]!;
      // Leaves beyond the highest told are KVM's to answer.
      const told = guest.filter(({ leaf }) => leaf <= basic || (leaf >= 0x4000_0000 && leaf <= extended));
      for (const { leaf, subleaf, ...registers } of told) {
        const ours = cpuidAt(cpuid, leaf, subleaf);
        for (const [register, value] of Object.entries(registers)) {
          if (excused(host, resolved, leaf, subleaf, register)) continue;
          const place = `${leaf.toString(16)}.${subleaf}.${register} of vCPU ${index}`;
          expect(`${place}: ${ours[register as keyof typeof ours].toString(16)}`).toBe(
            `${place}: ${value.toString(16)}`,
          );
        }
      }
    });
  });

  it.each(cases)('%s: what the host lacks is what QEMU says it lacks', (_name, run) => {
    const { missing } = resolveCpu({ spec: parseCpuSpec(run.cpu), topology: run.topology, host, policy: 'warn' });
    // Threads that an AMD guest will not see are no missing feature to QEMU: it says so in a warning of its own.
    const lacking = missing.filter(({ feature, why }) => feature !== 'topoext' || !why.includes('threads'));
    expect(lacking.map(({ feature }) => feature).sort()).toEqual(run.missing);
  });
});

function excused(host: HostCpu, resolved: ResolvedCpu, leaf: number, subleaf: number, register: string): boolean {
  return DIFFERENCES.some(({ place, when }) => place(leaf, subleaf, register) && (when?.(host, resolved) ?? true));
}
