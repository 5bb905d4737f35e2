import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src-main/base/failure.ts';
import { compareCpus } from '../../../src-main/cpu/compare-cpus.ts';
import { parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import { cpuModels, describeCpu } from '../../../src-main/cpu/cpu-summary.ts';
import { brandOf, type Cpuid, cpuidAt, vendorOf } from '../../../src-main/cpu/cpuid/cpuid-table.ts';
import { expandNamed } from '../../../src-main/cpu/expand.ts';
import { nearestModel } from '../../../src-main/cpu/host-model.ts';
import { flatTopology, type Topology } from '../../../src-main/cpu/normalize/topology.ts';
import { type CpuPolicy, expandModel, resolveCpu } from '../../../src-main/cpu/resolve.ts';
import { hostOf, readGuests } from './host-fixture.ts';

const lab = readGuests('guest-lab.json').host;
const pvm = readGuests('guest-pvm.json').host;
/** A host that has exactly what a model has, and KVM's services. */
const icelake = hostOf('Icelake-Server-v6,vendor=GenuineIntel,+vmx', lab);
const genoa = hostOf('EPYC-Genoa,vendor=AuthenticAMD,+svm', lab);

const resolve = (text: string, host = lab, topology: Topology = flatTopology(1), policy: CpuPolicy = 'warn') =>
  resolveCpu({ spec: parseCpuSpec(text), topology, host, policy });
const names = (reasons: readonly { feature: string }[]) => reasons.map(({ feature }) => feature);

describe('flags', () => {
  it('a flag taken away is gone from the guest’s leaf, and another added is there', () => {
    const plain = resolve('Haswell-noTSX');
    const tuned = resolve('Haswell-noTSX,-popcnt,+sse4a');
    expect(cpuidAt(plain.vcpus[0]!.cpuid, 1).ecx & (1 << 23)).not.toBe(0);
    expect(cpuidAt(tuned.vcpus[0]!.cpuid, 1).ecx & (1 << 23)).toBe(0);
    expect(tuned.features.has('popcnt')).toBe(false);
  });

  it('a feature the host lacks is missing, with the place it would be told in', () => {
    const { missing, features } = resolve('qemu64,+avx512f');
    expect(missing).toContainEqual({
      feature: 'avx512f',
      why: "this host's KVM does not offer it (CPUID 7.0.ebx bit 16)",
    });
    expect(features.has('avx512f')).toBe(false);
  });

  it('a feature asked for without its foundation is missing, with the foundation named', () => {
    expect(resolve('EPYC,+npt').missing).toContainEqual({ feature: 'npt', why: 'it means nothing without svm' });
  });

  it('threads of an AMD processor that has no leaf for them are said to be cores to the guest', () => {
    const twoThreads: Topology = { sockets: 1, cores: 2, threads: 2 };
    const reasons = (text: string) => resolve(text, lab, twoThreads).missing.filter(({ why }) => /threads/.test(why));
    expect(names(reasons('Nehalem'))).toEqual(['topoext']);
    expect(reasons('Nehalem,+topoext')).toEqual([]);
    expect(reasons('EPYC')).toEqual([]);
    expect(resolve('Nehalem').missing.filter(({ why }) => /threads/.test(why))).toEqual([]);
    expect(resolve('Nehalem', icelake, twoThreads).missing).toEqual([]);
  });

  it('a feature that needs a higher leaf raises the highest told', () => {
    expect(resolve('pentium3').cpu.levels.basic).toBe(3);
    expect(resolve('pentium3,+bmi1').cpu.levels.basic).toBe(7);
    expect(resolve('pentium3,+lm').cpu.levels.extended).toBe(0x8000_0001);
  });
});

describe('policy', () => {
  it('enforce refuses with the names of what is missing', () => {
    const start = () => resolve('Skylake-Server', lab, flatTopology(1), 'enforce');
    expect(start).toThrow(Failure);
    expect(start).toThrow(/cpu "Skylake-Server": cannot be had in full here: .*avx512f/);
  });

  it('enforce passes what the host has in full', () => {
    expect(resolve('Icelake-Server-v6', icelake, flatTopology(1), 'enforce').missing).toEqual([]);
  });

  it('enforce refuses features a host offers but cannot run', () => {
    expect(() => resolve('qemu32', pvm, flatTopology(1), 'enforce')).toThrow(/cannot be had in full here/);
  });
});

describe('a host without hardware virtualization', () => {
  it('is told of: its emulator stops at x87, SSE, XSAVE and CMPXCHG16B', () => {
    const { limits } = resolve('qemu64', pvm);
    expect(names(limits)).toEqual(['fpu', 'sse', 'sse2', 'cx16']);
    expect(limits[0]!.why).toContain('no hardware virtualization');
  });

  it('runs no model that has them', () => {
    expect(cpuModels(pvm).filter(({ runnable }) => runnable)).toEqual([]);
  });

  it('is not given the register its KVM refuses to set', () => {
    const { features, vcpus } = resolve('qemu64,+arch-capabilities', pvm);
    expect(features.has('arch-capabilities')).toBe(false);
    expect(vcpus[0]!.msrs.map(({ index }) => index)).not.toContain(0x10a);
  });
});

describe('identity', () => {
  const leaf = (cpuid: Cpuid, number: number) => cpuidAt(cpuid, number);

  it('the vendor is the host’s, unless the user says otherwise', () => {
    expect(vendorOf(leaf(resolve('Haswell').vcpus[0]!.cpuid, 0))).toBe('AuthenticAMD');
    expect(vendorOf(leaf(resolve('Haswell,vendor=GenuineIntel').vcpus[0]!.cpuid, 0))).toBe('GenuineIntel');
  });

  it('SDM 2A CPUID figure 3-6: family beyond 15 and model beyond 15 are in the extended fields', () => {
    expect(leaf(resolve('EPYC-Milan').vcpus[0]!.cpuid, 1).eax).toBe(0x00a0_0f11);
    expect(leaf(resolve('Skylake-Server').vcpus[0]!.cpuid, 1).eax).toBe(0x0005_0654);
  });

  it('the name is the model’s, or the user’s', () => {
    expect(brandOf(resolve('EPYC-Rome').vcpus[0]!.cpuid)).toBe('AMD EPYC-Rome Processor');
    expect(brandOf(resolve('EPYC-Rome,model-id=My CPU').vcpus[0]!.cpuid)).toBe('My CPU');
  });

  it('APM 3 E.4.7: address widths: 40 bits for named models, the host’s for host, the user’s always', () => {
    const width = (text: string) => leaf(resolve(text, genoa).vcpus[0]!.cpuid, 0x8000_0008).eax;
    expect(width('EPYC')).toBe(40 | (48 << 8));
    expect(width('EPYC,phys-bits=46')).toBe(46 | (48 << 8));
    expect(width('EPYC-Genoa')).toBe(40 | (57 << 8));
    expect(width('host') & 0xff).toBe(leaf(genoa.supported, 0x8000_0008).eax & 0xff);
  });
});

describe('MSRs that belong to a CPU', () => {
  const msr = (text: string, index: number, host = icelake) =>
    resolve(text, host).vcpus[0]!.msrs.find((msr) => msr.index === index)?.value;

  it('SDM 4 table 2-2, 10AH: ARCH_CAPABILITIES lists what model and host have both', () => {
    expect(msr('Icelake-Server-v6', 0x10a)).toBe(0b1_0110_1011n);
    expect(msr('Icelake-Server-v6,-taa-no', 0x10a)).toBe(0b0_0110_1011n);
    expect(msr('Icelake-Server-v6,-arch-capabilities', 0x10a)).toBeUndefined();
    expect(msr('Icelake-Server-v1', 0x10a)).toBeUndefined();
  });

  it('SDM 4 table 2-2, 1A0H: MONITOR is enabled where CPUID tells of it', () => {
    expect(msr('qemu64', 0x1a0)).toBe(1n);
    expect(msr('host,+monitor', 0x1a0, hostOf('Denverton,+monitor', lab))).toBe(1n | (1n << 18n));
  });

  it('the microcode’s revision is by vendor', () => {
    expect(msr('EPYC', 0x8b, genoa)).toBe(0x0100_0065n);
    expect(msr('Haswell', 0x8b)).toBe(0x1_0000_0000n);
  });
});

describe('mitigations=on', () => {
  it('adds what the host offers and nothing it lacks', () => {
    const before = resolve('EPYC', genoa);
    const after = resolve('EPYC,mitigations=on', genoa);
    expect(after.features.has('amd-ssbd')).toBe(true);
    expect(before.features.has('amd-ssbd')).toBe(false);
    expect(names(after.missing)).toEqual(names(before.missing));
  });

  it('gives way to the user’s own flags', () => {
    expect(resolve('EPYC,mitigations=on,-amd-ssbd', genoa).features.has('amd-ssbd')).toBe(false);
  });
});

describe('host models', () => {
  it.each([
    ['Icelake-Server-v6', icelake],
    ['EPYC-Genoa-v1', genoa],
  ])('nearest to a host that is %s is that model', (name, host) => expect(nearestModel(host).base.name).toBe(name));

  it('host-model gives what host gives, but for what ties a machine to its host', () => {
    const passed = resolve('host', icelake).features;
    const modelled = resolve('host-model', icelake).features;
    expect([...modelled].filter((name) => !passed.has(name))).toEqual([]);
    expect(resolve('host-model', icelake).missing).toEqual([]);
  });

  it('host wants nothing the host lacks', () => {
    for (const host of [lab, pvm, icelake, genoa]) expect(resolve('host', host).missing).toEqual([]);
  });

  it('max is host', () => expect(resolve('max').features).toEqual(resolve('host').features));

  it('without a host they are refused, with what to do instead', () => {
    expect(() => expandModel(parseCpuSpec('host'))).toThrow(/this host's KVM cannot be asked/);
  });
});

describe('summaries', () => {
  it('cpu list has every version, its aliases, level and fit', () => {
    const models = cpuModels(icelake);
    const find = (name: string) => models.find((model) => model.name === name)!;
    expect(find('Skylake-Server-v2')).toMatchObject({
      aliases: ['Skylake-Server-IBRS'],
      vendor: 'GenuineIntel',
      level: 'v4',
    });
    expect(find('Icelake-Server-v6')).toMatchObject({ runnable: true, missing: [], limits: [] });
    expect(find('SapphireRapids-v1').missing).toContain('amx-tile');
    expect(find('EPYC-Milan-v1')).toMatchObject({ runnable: false });
  });

  it('cpu list without a host knows the models and no fit', () => {
    expect(cpuModels().every(({ runnable, missing }) => !runnable && missing.length === 0)).toBe(true);
  });

  it('cpu show has three columns and the leaves', () => {
    const shown = describeCpu(parseCpuSpec('qemu64,+avx512f,-sse2'), lab);
    const find = (name: string) => shown.features.find((feature) => feature.name === name);
    expect(find('avx512f')).toMatchObject({ wants: true, has: false, gets: false, leaf: '7.0.ebx', bits: [16] });
    expect(find('sse2')).toMatchObject({ wants: false, has: true, gets: false });
    expect(find('sse')).toMatchObject({ wants: true, has: true, gets: true });
    expect(shown.cpuid.length).toBeGreaterThan(10);
    expect(JSON.parse(JSON.stringify(shown))).toEqual(shown);
  });

  it('compare names what differs, and nothing where nothing does', () => {
    const one = expandNamed(parseCpuSpec('Skylake-Server-v3'));
    const third = expandNamed(parseCpuSpec('Skylake-Server-v1'));
    expect(compareCpus(one, third).map(({ name }) => name)).toEqual([
      'processor',
      'hle',
      'rtm',
      'clflushopt',
      'spec-ctrl',
    ]);
    expect(compareCpus(one, one)).toEqual([]);
  });
});

it('a resolved CPU fits KVM_SET_CPUID2 (256 entries), leaf and subleaf once, ascending', () => {
  for (const { name } of cpuModels(icelake)) {
    const { cpuid } = resolve(name, icelake, { sockets: 2, cores: 3, threads: 2 }).vcpus[11]!;
    const keys = cpuid.map(({ leaf, subleaf }) => leaf * 0x1_0000 + subleaf);
    expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b));
    expect(cpuid.length).toBeLessThan(80);
    const registers = cpuid.flatMap(({ eax, ebx, ecx, edx }) => [eax, ebx, ecx, edx]);
    expect(registers.filter((value) => !Number.isInteger(value) || value < 0 || value > 0xffff_ffff)).toEqual([]);
  }
});
