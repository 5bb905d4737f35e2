import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import { expandNamed } from '../../../src-main/cpu/expand.ts';
import { FEATURES, findFeature, placeOf, wordOf } from '../../../src-main/cpu/features/feature-table.ts';
import { MODELS, NAMED_CPUS, type NamedCpu } from '../../../src-main/cpu/models/catalogue.ts';
import { x8664Level } from '../../../src-main/cpu/x86-64-level.ts';

const PUBLISHED = join(import.meta.dirname, '../../fixtures/cpu-models/published.json');

describe('feature table', () => {
  it('has every bit once', () => {
    const places = FEATURES.flatMap(({ word, bits }) => bits.map((bit) => `${word}.${bit}`));
    expect(places.filter((place, i) => places.indexOf(place) !== i)).toEqual([]);
  });

  it('has every name and alias once', () => {
    const names = FEATURES.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('explains every feature and cites its source', () => {
    expect(FEATURES.filter(({ explanation, source }) => explanation.length < 5 || source === '')).toEqual([]);
  });

  it('keeps to the bits a register has', () => {
    const beyond = FEATURES.filter((feature) => {
      const width = wordOf(feature).kind === 'cpuid' ? 32 : 64;
      return feature.bits.some((bit) => bit < 0 || bit >= width);
    });
    expect(beyond).toEqual([]);
  });

  it.each([
    ['avx512f', 'CPUID 7.0.ebx bit 16'],
    ['kvmclock', 'CPUID 40000001.eax bit 0 and 3'],
    ['rdctl-no', 'MSR IA32_ARCH_CAPABILITIES bit 0'],
  ])('%s is told in %s', (name, place) => expect(placeOf(findFeature(name)!)).toBe(place));
});

describe('catalogue', () => {
  it('names features that exist, in the word they are in', () => {
    const wrong = MODELS.flatMap((model) =>
      Object.entries(model.features).flatMap(([word, names]) =>
        names.split(' ').filter((name) => findFeature(name)?.word !== word || findFeature(name)?.name !== name),
      ),
    );
    expect(wrong).toEqual([]);
    const deltas = MODELS.flatMap((model) => model.versions ?? []).flatMap(({ add = '', remove = '' }) =>
      `${add} ${remove}`.split(' ').filter((name) => name !== '' && findFeature(name)?.name !== name),
    );
    expect(deltas).toEqual([]);
  });

  it('has names that fit the registers', () => {
    expect(MODELS.filter(({ modelId }) => modelId.length > 48)).toEqual([]);
    expect(MODELS.filter(({ vendor }) => vendor.length !== 12)).toEqual([]);
  });

  it('published versions never change: a saved machine’s CPU stays what it was', () => {
    const digests = Object.fromEntries(NAMED_CPUS.map((cpu) => [cpu.name, digestOf(cpu)]));
    // Only adds: run with PUBLISH_CPU_MODELS=1 after adding a version.
    if (process.env.PUBLISH_CPU_MODELS) {
      writeFileSync(PUBLISHED, `${JSON.stringify({ ...digests, ...published() }, null, 1)}\n`);
    }
    expect(digests).toEqual(published());
  });
});

/** x86-64 psABI 1.0 §3.1.1; the levels distributions name for these processors. */
describe('x86-64 levels', () => {
  it.each([
    ['pentium3', null],
    ['kvm32', null],
    ['qemu64', 'v1'],
    ['Conroe', 'v1'],
    ['Nehalem', 'v2'],
    ['IvyBridge', 'v2'],
    ['Opteron_G5', 'v2'],
    ['Haswell', 'v3'],
    ['EPYC-Milan', 'v3'],
    ['SierraForest', 'v3'],
    ['Denverton', 'v2'],
    ['Skylake-Server', 'v4'],
    ['EPYC-Genoa', 'v4'],
  ])('%s is %s', (name, level) => expect(x8664Level(expandNamed(parseCpuSpec(name)).features)).toBe(level));

  it('one missing feature lowers the level', () => {
    expect(x8664Level(expandNamed(parseCpuSpec('Skylake-Server,-avx512vl')).features)).toBe('v3');
    expect(x8664Level(expandNamed(parseCpuSpec('Skylake-Server,-movbe')).features)).toBe('v2');
  });
});

function published(): Record<string, string> {
  return JSON.parse(readFileSync(PUBLISHED, 'utf8'));
}

/** All that a machine's CPU is made from. */
function digestOf({ features, caches, modelId, family, model, stepping, avx10Version }: NamedCpu): string {
  const { vendor, family: number, level, xlevel } = family;
  const all = [
    vendor,
    number,
    model,
    stepping,
    level,
    xlevel,
    modelId,
    caches ?? '',
    avx10Version,
    ...[...features].sort(),
  ];
  return createHash('sha256').update(all.join('\n')).digest('hex').slice(0, 16);
}
