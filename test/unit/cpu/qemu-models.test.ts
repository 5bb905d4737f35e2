import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import { type ExpandedCpu, expandNamed } from '../../../src-main/cpu/expand.ts';
import { FEATURES, type Feature, findFeature, wordOf } from '../../../src-main/cpu/features/feature-table.ts';
import { aliasesOf, findNamedCpu, modelNames } from '../../../src-main/cpu/models/catalogue.ts';
import { QEMU_7_2 } from '../../../src-main/cpu/models/model.ts';

interface Captured {
  readonly version: string;
  /** Every boolean property of a CPU. */
  readonly properties: string;
  readonly staticProperties: string;
  /** Values every model has alike. */
  readonly common: Record<string, unknown>;
  /** Where QEMU tells each feature: `7.0.ebx.16`, `msr 10a.0` → name. */
  readonly bits: Record<string, string>;
  readonly models: Record<string, CapturedModel>;
  /** List of changes under KVM → names of the models that have them. */
  readonly underKvm?: Record<string, string>;
}

interface CapturedModel {
  readonly aliasOf?: string;
  readonly on: string;
  /** What more is on with `+vmx`. */
  readonly vmx: string;
  readonly values: Record<string, string | number>;
  readonly static?: Record<string, unknown>;
}

const fixture = join(import.meta.dirname, '../../fixtures/cpu-models/qemu-7.2.json');
const captured = JSON.parse(readFileSync(fixture, 'utf8')) as Captured;
const words = (text: string) => text.split(' ').filter((word) => word !== '');

/** Everything that differs from QEMU's answer, and why. */
const DIFFERENCES = {
  models: {
    base: 'the empty template QEMU keeps for programs that assemble models; it is no processor, and not offered',
  } as Record<string, string>,
  /** Switches of QEMU's device, and not features of a processor. The same in every model but where a test below says so. */
  properties: {
    check: 'QEMU warns of what the host lacks; here that is the policy',
    enforce: 'QEMU refuses what the host lacks; here that is the policy',
    'cpuid-0xb': 'leaf 0xb is always told',
    'fill-mtrr-mask': 'MTRR masks are the firmware’s matter here',
    'full-cpuid-auto-level': 'leaves always rise with the features',
    'host-phys-bits': 'host models take the host’s width, named ones 40 bits, phys-bits=N another',
    kvm: 'KVM’s own leaves are always told',
    'kvm-no-smi-migration': 'there is no SMM',
    'kvm-pv-enforce-cpuid': 'KVM’s default is kept',
    'l3-cache': 'a third-level cache is always told',
    'legacy-cache': 'is whether the model brings caches of its own: tested below',
    lmce: 'local machine checks are left at KVM’s default',
    pmu: 'performance counters are for host models only, as in QEMU',
    'tcg-cpuid': 'there is no TCG',
    'vmware-cpuid-freq': 'leaf 0x40000010 tells a frequency only where the time-stamp rate is fixed; it never is here',
    'x-force-features': 'a switch for QEMU’s own tests',
    'x-intel-pt-auto-level': 'leaves always rise with the features',
    'x-migrate-smi-count': 'there is no SMM',
    'x-vendor-cpuid-only': 'Intel’s leaves are never told to AMD guests',
  } as Record<string, string>,
};

const names = Object.keys(captured.models).filter((name) => !(name in DIFFERENCES.models));
const propertyNames = words(captured.properties);

describe(`every model, version and alias of QEMU ${captured.version}`, () => {
  it('has the same property names for features as QEMU, aliases included', () => {
    const unknown = propertyNames.filter((name) => !findFeature(name) && !(name in DIFFERENCES.properties));
    expect(unknown).toEqual([]);
  });

  it('has every feature in the bit where QEMU has it', () => {
    const ours = FEATURES.flatMap((feature) =>
      feature.bits.map((bit) => [`${wordName(feature)}.${bit}`, feature.name]),
    );
    const known = new Set(words(captured.properties));
    const told = ours.filter(([, name]) => known.has(name!) && findFeature(name!)?.word !== '40000001.eax');
    // QEMU tells KVM's own bits under KVM only: a guest's CPUID tests those.
    expect(Object.fromEntries(told)).toEqual(captured.bits);
  });

  it('explains no difference that is none', () => {
    expect(Object.keys(DIFFERENCES.models).filter((name) => findNamedCpu(name))).toEqual([]);
    expect(Object.keys(DIFFERENCES.properties).filter((name) => findFeature(name))).toEqual([]);
    expect(Object.keys(DIFFERENCES.properties).filter((name) => !propertyNames.includes(name))).toEqual([]);
  });

  it('is known by name, and nothing else claims to be of that release', () => {
    expect(names.length).toBeGreaterThan(120);
    expect(names.filter((name) => !findNamedCpu(name))).toEqual([]);
    const ours = modelNames().filter((name) => findNamedCpu(name)?.source === QEMU_7_2);
    expect(ours.filter((name) => !(name in captured.models))).toEqual([]);
  });

  it.each(names)('%s: full expansion equals ours', (name) => {
    const model = captured.models[name]!;
    expect(onIn(expand(name))).toEqual(featuresOn(model.on));
    expect(valuesOf(expand(name))).toEqual(model.values);
  });

  it.each(names)('%s: with +vmx, the full expansion equals ours', (name) => {
    const model = captured.models[name]!;
    expect(onIn(expand(`${name},+vmx`))).toEqual(featuresOn(`${model.on} ${model.vmx}`));
  });

  it.each(names)('%s: the static expansion is the full one, less aliases and switches', (name) => {
    expect(captured.models[name]!.static).toBeUndefined();
  });

  it.each(names)('%s: an alias is the version QEMU says', (name) => {
    const { aliasOf } = captured.models[name]!;
    expect(findNamedCpu(name)?.name).toBe(aliasOf ?? name);
    if (aliasOf !== undefined) expect(aliasesOf(findNamedCpu(name)!)).toContain(name);
  });

  it.each(names)('%s: brings caches of its own where QEMU’s does', (name) => {
    const generic = words(captured.models[name]!.on).includes('legacy-cache');
    expect(expand(name).caches === undefined).toBe(generic);
  });
});

describe('the same under KVM, whose defaults Bulkhead’s machines have', () => {
  const changes = Object.entries(captured.underKvm ?? {}).flatMap(([list, models]) =>
    words(models).map((name) => [name, words(list)] as const),
  );
  it.each(changes.filter(([name]) => names.includes(name)))('%s', (name, list) => {
    const model = captured.models[name]!;
    const on = new Set(words(model.on));
    const values = { ...model.values };
    for (const change of list) {
      if (change.startsWith('+')) on.add(change.slice(1));
      else if (change.startsWith('-')) on.delete(change.slice(1));
      else values[change.split('=')[0]!] = Number(change.split('=')[1]);
    }
    const ours = expandNamed(parseCpuSpec(name), 'kvm');
    expect(onIn(ours)).toEqual(featuresOn([...on].join(' ')));
    expect(valuesOf(ours)).toEqual(values);
  });
});

function wordName(feature: Feature): string {
  const word = wordOf(feature);
  return word.kind === 'msr' ? `msr ${word.index.toString(16)}` : feature.word;
}

function expand(text: string): ExpandedCpu {
  return expandNamed(parseCpuSpec(text), 'tcg');
}

/** QEMU tells a feature under each of its names; ours under one. */
function featuresOn(list: string): string[] {
  return [...new Set(words(list).flatMap((name) => findFeature(name)?.name ?? []))].sort();
}

/** QEMU 7.2 cannot tell of features it does not know; no model of its own may have any. */
function onIn(cpu: ExpandedCpu): string[] {
  return [...cpu.features].sort();
}

/** What QEMU says beside flags, as it says it. */
function valuesOf({ vendor, family, model, stepping, modelId, levels }: ExpandedCpu): Record<string, string | number> {
  const { basic, extended, leaf7 } = levels;
  return {
    family,
    model,
    stepping,
    vendor,
    'model-id': modelId,
    level: basic,
    'min-level': basic,
    xlevel: extended,
    'min-xlevel': extended,
    'level-func7': leaf7,
  };
}
