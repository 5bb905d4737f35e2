import { describe, expect, test } from 'vitest';
import type { CpuCatalogue, CpuChange, CpuFeature, CpuModel } from '../../../src-main/contract/cpu.ts';
import { formatCpuSpec, parseCpuSpec } from '../../../src-main/cpu/cpu-spec.ts';
import { cpuModels } from '../../../src-main/cpu/cpu-summary.ts';
import {
  consequences,
  differs,
  filterGroups,
  filterPicks,
  fitOf,
  noFilter,
  pickedOf,
  picksOf,
} from '../../../src-renderer/features/cpu/cpu-model.ts';
import {
  readCpuText,
  withFlag,
  withMitigations,
  withModel,
  withoutFlag,
  writeCpuText,
} from '../../../src-renderer/features/cpu/cpu-text.ts';
import { flat, isFlat, layOut, processorsOf } from '../../../src-renderer/features/cpu/topology-model.ts';
import { loadsBetween, sparkline } from '../../../src-renderer/features/machine/stats-model.ts';
import {
  draftOf,
  formErrors,
  formOf,
  newForm,
  patchOf,
} from '../../../src-renderer/features/new-machine/machine-form.ts';

describe('a CPU as text', () => {
  test.each(['host', 'EPYC-Rome-v1,-avx2', 'Haswell,+pcid,-avx,stepping=3,model-id=My CPU,mitigations=on'])(
    '%j is read and written as the engine does',
    (text) => {
      expect(writeCpuText(readCpuText(text))).toBe(text);
      expect(formatCpuSpec(parseCpuSpec(text))).toBe(text);
    },
  );

  test('a flag turned back to what the model has is forgotten', () => {
    const off = withFlag('Haswell', 'avx2', false, true);
    expect(off).toBe('Haswell,-avx2');
    expect(withFlag(off, 'avx2', true, true)).toBe('Haswell');
    expect(withoutFlag('Haswell,-avx2,+pcid', 'avx2')).toBe('Haswell,+pcid');
  });

  test('another model starts without the old one’s flags, and keeps the mitigations', () => {
    expect(withModel(withMitigations('Haswell,-avx2', true), 'EPYC-v1')).toBe('EPYC-v1,mitigations=on');
  });
});

describe('models to pick from', () => {
  const catalogue: CpuCatalogue = { host: null, reason: 'no KVM', models: cpuModels() };
  const templates = [
    { name: 'web', cpu: 'EPYC-Rome,-avx2', description: 'for the web' },
    { name: 'torn', broken: 'it is empty' },
  ];
  const picks = picksOf(catalogue, templates);
  const found = (filter: Partial<typeof noFilter>) =>
    filterPicks(picks, { ...noFilter, ...filter }).map(({ name }) => name);

  test('are one’s own, then those made from this computer, then models, the newest first', () => {
    expect(picks.slice(0, 3).map(({ name }) => name)).toEqual(['web', 'host', 'host-model']);
    const years = picks.slice(3).map(({ year }) => year ?? 0);
    expect(years).toEqual([...years].sort((a, b) => b - a));
  });

  test('are found by words, vendor, level and year; only what runs is nothing where nothing is known', () => {
    expect(found({ text: 'rome amd v1' })).toContain('EPYC-Rome-v1');
    expect(found({ text: 'skylake ibrs', vendor: 'AMD' })).toEqual([]);
    expect(found({ vendor: 'AMD', level: 'v3', year: '2019' })).toContain('EPYC-Milan-v1');
    expect(found({ level: 'v4' })).not.toContain('Haswell-v1');
    expect(found({ fitsOnly: true })).toEqual([]);
  });

  test('a CPU is a template word for word, or the model it starts from, by any of its names', () => {
    expect(pickedOf('EPYC-Rome,-avx2', picks)?.name).toBe('web');
    expect(pickedOf('EPYC-Rome,-avx2,+pcid', picks)?.name).toBe('EPYC-Rome-v1');
    expect(pickedOf('Haswell-noTSX', picks)?.name).toBe('Haswell-v2');
  });

  test('fit', () => {
    const model = { missing: [], limits: [] } as unknown as CpuModel;
    expect(fitOf(model, true)).toEqual({ kind: 'runs' });
    expect(fitOf({ ...model, missing: ['a', 'b'] }, true)).toEqual({ kind: 'lacks', count: 2 });
    expect(fitOf({ ...model, limits: ['sse'] }, true)).toEqual({ kind: 'emulated' });
    expect(fitOf(model, false)).toEqual({ kind: 'unknown' });
  });
});

describe('features', () => {
  const feature = (name: string, change: Partial<CpuFeature> = {}): CpuFeature => ({
    ...{ name, leaf: '1.edx', bits: [0], explanation: `about ${name}`, source: 'SDM' },
    ...{ wants: true, has: true, gets: true, byModel: true, asked: null, why: null, ...change },
  });

  test('differ where the guest does not get what is wanted, or a person said so', () => {
    expect(differs(feature('a'))).toBe(false);
    expect(differs(feature('a', { gets: false }))).toBe(true);
    expect(differs(feature('a', { has: null, gets: null }))).toBe(false);
    expect(differs(feature('a', { asked: true }))).toBe(true);
    expect(differs(feature('a', { why: 'cannot run' }))).toBe(true);
  });

  test('are searched and narrowed; groups left empty go', () => {
    const groups = [
      {
        place: 'CPUID 1.edx',
        title: 'Basics',
        features: [feature('fpu'), feature('vme', { wants: false, gets: false })],
      },
      { place: 'CPUID 7.0.ebx', title: 'Newer', features: [feature('avx2', { gets: false })] },
    ];
    const names = (text: string, show: 'all' | 'wanted' | 'different') =>
      filterGroups(groups, text, show).map(({ features }) => features.map(({ name }) => name));
    expect(names('', 'all')).toEqual([['fpu', 'vme'], ['avx2']]);
    expect(names('basics about', 'wanted')).toEqual([['fpu']]);
    expect(names('', 'different')).toEqual([['avx2']]);
  });

  test('consequences are said in sentences', () => {
    const change: CpuChange = {
      ...{ feature: 'x', on: false, idle: false, needs: null, lost: [], brought: [] },
      ...{ levelBefore: 'v3', levelAfter: 'v3', missingHere: false },
    };
    expect(consequences(change)).toEqual(['Nothing else changes.']);
    const lost = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    expect(consequences({ ...change, lost, levelAfter: null })).toEqual([
      'Takes along what stands on it: a, b, c, d, e, f and 2 more.',
      'The CPU goes from x86-64-v3 to below x86-64-v1.',
    ]);
    expect(consequences({ ...change, idle: true, needs: 'svm', missingHere: true })).toEqual([
      'Changes nothing: it means nothing without svm.',
      'This computer lacks it: the guest will not get it.',
    ]);
  });
});

describe('a layout of processors', () => {
  test.each([
    [1, 1, 1],
    [2, 3, 2],
    [64, 1, 1],
    [1, 64, 1],
    [1, 1, 64],
    [4, 4, 4],
  ])('%i×%i×%i is drawn whole and inside its picture, nothing over anything else', (sockets, cores, threads) => {
    const { width, height, sockets: drawn } = layOut({ sockets, cores, threads });
    const boxes = drawn.flatMap((socket) => socket.cores.flatMap((core) => core.threads));
    expect(boxes).toHaveLength(sockets * cores * threads);
    expect(new Set(boxes.map(({ x, y }) => `${x},${y}`)).size).toBe(boxes.length);
    for (const { x, y, width: w, height: h } of [...boxes, ...drawn]) {
      expect(x >= 0 && y >= 0 && x + w <= width && y + h <= height).toBe(true);
    }
  });

  test('one that cannot be is drawn as far as it can', () => {
    expect(layOut({ sockets: 0, cores: Number.NaN, threads: 1e9 }).sockets).toHaveLength(1);
    expect(layOut({ sockets: 500, cores: 500, threads: 500 }).sockets).toHaveLength(64);
  });
});

describe('processors in a machine’s form', () => {
  const around = { takenNames: [], hostMemoryMiB: 4096, guests: [] };
  const form = { ...newForm([], []), name: 'm', kernel: '/k' };

  test('what is left to the defaults is not stored, and taken away from what was stored', () => {
    expect(draftOf(form)).not.toHaveProperty('cpu');
    expect(draftOf(form)).not.toHaveProperty('topology');
    expect(patchOf(form)).toMatchObject({ cpu: null, topology: null, cpuPolicy: null, pinning: null });
  });

  test('a layout, a model and a pinning go there and back', () => {
    const topology = { sockets: 2, cores: 3, threads: 2 };
    const chosen = {
      ...form,
      topology,
      cpus: processorsOf(topology),
      cpu: 'EPYC,-avx2',
      cpuPolicy: 'enforce',
      pinning: '0:1',
    } as const;
    const draft = draftOf(chosen);
    expect(draft).toMatchObject({ cpus: 12, topology, cpu: 'EPYC,-avx2', cpuPolicy: 'enforce', pinning: '0:1' });
    expect(formOf(draft)).toMatchObject({ topology, cpu: 'EPYC,-avx2', cpuPolicy: 'enforce', pinning: '0:1' });
    expect(formOf(draftOf({ ...form, cpus: 4, topology: flat(4) })).topology).toEqual(flat(4));
    expect(isFlat(flat(4))).toBe(true);
  });

  test('too many, and more than one on the translating accelerator, are refused at the field', () => {
    expect(formErrors({ ...form, cpus: 65 }, around).cpus).toBe('65 processors are more than 64');
    expect(formErrors({ ...form, cpus: Number.NaN }, around).cpus).toBe('between 1 and 64 processors');
    expect(formErrors({ ...form, cpus: 2, accelerator: 'translated' }, around).cpus).toContain('one processor');
    expect(formErrors({ ...form, cpus: 2 }, around)).toEqual({});
  });
});

describe('loads of vCPUs', () => {
  const sample = (atMs: number, cpuMs: number[]) => ({
    ...{ atMs, uptimeMs: atMs, hostCpuMs: 0, residentMiB: 1, exits: { port: 0, mmio: 0, other: 0 } },
    ...{ consoleBytes: 0, visitors: 0, vcpus: cpuMs.map((cpuMs) => ({ state: 'running', cpuMs })) },
  });

  test('are the share of a host CPU between two samples; a counter that began anew is no load', () => {
    expect(loadsBetween(sample(0, [0, 500]), sample(1000, [250, 100])).percent).toEqual([25, 0]);
  });

  test('become a line whose newest point is at the right, full load at the top', () => {
    const loads = [
      { atMs: 0, percent: [0] },
      { atMs: 45_000, percent: [100] },
      { atMs: 90_000, percent: [250] },
    ];
    expect(sparkline(loads, 0, 90, 22)).toBe('0.0,21.0 45.0,1.0 90.0,1.0');
    expect(sparkline([], 3, 90, 22)).toBe('');
  });
});
