import { describe, expect, test } from 'vitest';
import { cpuChanges } from '../../../src-main/cpu/cpu-changes.ts';
import { cpuSheet } from '../../../src-main/cpu/cpu-sheet.ts';
import { parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import { FEATURES } from '../../../src-main/cpu/features/feature-table.ts';
import { hostOf, readGuests } from './host-fixture.ts';

const { host: lab } = readGuests('guest-lab.json');
const changes = (text: string, host?: typeof lab) => cpuChanges(parseCpuSpec(text), host);

describe('what a changed feature comes to', () => {
  test('a feature less can cost an x86-64 level', () => {
    expect(changes('EPYC-Rome,-avx2')).toEqual([
      expect.objectContaining({
        feature: 'avx2',
        on: false,
        idle: false,
        levelBefore: 'v3',
        levelAfter: 'v2',
        lost: [],
      }),
    ]);
  });

  test('a foundation taken away takes along what stands on it; given back, it brings it back', () => {
    const [off] = changes('Cascadelake-Server-v2,-arch-capabilities');
    expect(off!.lost).toContain('rdctl-no');
    const [on] = changes('Skylake-Server,+arch-capabilities,+rdctl-no');
    expect(on).toMatchObject({ feature: 'arch-capabilities', on: true, brought: ['rdctl-no'] });
  });

  test('a feature without its foundation changes nothing, and the foundation is named', () => {
    expect(changes('qemu64,+rdctl-no')).toEqual([
      expect.objectContaining({ feature: 'rdctl-no', idle: true, needs: 'arch-capabilities' }),
    ]);
  });

  test('a feature the model has already changes nothing', () => {
    expect(changes('Haswell,+avx2')).toEqual([expect.objectContaining({ idle: true, needs: null })]);
  });

  test('a feature the host lacks is said to be missing; an unasked host says nothing', () => {
    const host = hostOf('Haswell', lab);
    expect(changes('Haswell,+avx512f', host)[0]!.missingHere).toBe(true);
    expect(changes('Haswell,+movbe', host)[0]!.missingHere).toBe(false);
    expect(changes('Haswell,-avx2', host)[0]!.missingHere).toBe(false);
    expect(changes('Haswell,+avx512f')[0]!.missingHere).toBeNull();
  });
});

describe('the sheet of a CPU', () => {
  test('has every feature once, in groups with a place and a title', () => {
    const { groups } = cpuSheet(parseCpuSpec('EPYC'));
    const names = groups.flatMap(({ features }) => features.map(({ name }) => name));
    expect(names.sort()).toEqual(FEATURES.map(({ name }) => name).sort());
    for (const { place, title } of groups) {
      expect(place).toMatch(/^(CPUID|MSR) /);
      expect(title).not.toBe('');
    }
  });

  test('tells the model’s own features from those a person asked for, and why one is not given', () => {
    const host = hostOf('Haswell', lab);
    const sheet = cpuSheet(parseCpuSpec('Haswell,-avx2,+avx512f'), host);
    const feature = (name: string) =>
      sheet.groups.flatMap(({ features }) => features).find((each) => each.name === name);
    expect(feature('avx2')).toMatchObject({ byModel: true, asked: false, wants: false, has: true, gets: false });
    expect(feature('avx512f')).toMatchObject({ byModel: false, asked: true, wants: true, has: false, gets: false });
    expect(feature('avx512f')!.why).toContain('does not offer it');
    expect(feature('avx')).toMatchObject({ asked: null, why: null, gets: true });
  });

  test('without a host, what the model wants is told and the rest is unknown', () => {
    const sheet = cpuSheet(parseCpuSpec('EPYC-Rome'));
    expect(sheet).toMatchObject({ level: 'v3', levelHere: null, runnable: false, missing: [] });
    for (const { has, gets } of sheet.groups.flatMap(({ features }) => features))
      expect([has, gets]).toEqual([null, null]);
    expect(() => cpuSheet(parseCpuSpec('host'))).toThrow(expect.objectContaining({ code: 'no-host-cpu' }));
  });

  test('the mitigations preset is what the host offers of its vendor’s', () => {
    const host = hostOf('Cascadelake-Server-v2', lab);
    expect(cpuSheet(parseCpuSpec('qemu64'), host).preset).toContain('rdctl-no');
    expect(cpuSheet(parseCpuSpec('qemu64'), hostOf('Haswell-noTSX', lab)).preset).not.toContain('rdctl-no');
    expect(cpuSheet(parseCpuSpec('EPYC-Rome')).preset).toContain('amd-ssbd');
  });
});
