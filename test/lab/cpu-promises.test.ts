import { beforeEach, describe, expect, test } from 'vitest';
import type { CpuDescription } from '../../src-main/cpu/cpu-summary.ts';
import type { CpuidEntry } from '../../src-main/cpu/cpuid/cpuid-table.ts';
import { placeOfVcpu, type Topology, vcpuCount } from '../../src-main/cpu/normalize/topology.ts';
import { createOptions, type DebianGuest } from '../support/lab/debian-guest.ts';
import { entryText, readCpuidDump, readCpuinfo, readLscpu } from '../support/lab/guest-cpus.ts';
import { LAB_RETRY, labSession } from '../support/lab/lab-session.ts';
import { answersOf, makeReportingGuest, type Question, REPORTED } from '../support/lab/reporting-guest.ts';
import { need } from '../support/need.ts';
import {
  isBeyondTopology,
  KERNEL_NAMES,
  kernelsOwnFlags,
  livingLeaves,
  OSXSAVE,
  withXsave,
} from './cpu-differences.ts';

/** Both vendors, with threads that the guest can tell from cores and with those it cannot. */
const MACHINES = [
  ['EPYC-Rome', '2x2x2'],
  ['Penryn', '1x3x1'],
  ['Haswell-noTSX', '1x1x2'],
] as const;

/** With them: x86-64-v1 to v3, and one, two, three, four, six and eight vCPUs in layouts even and odd. */
const MORE_MACHINES = [
  ['qemu64', '1x1x1'],
  ['Opteron_G1', '2x1x1'],
  ['Opteron_G3', '1x3x1'],
  ['EPYC', '2x1x2'],
  ['EPYC-Milan,-bmi2', '1x3x2'],
  ['core2duo', '1x2x1'],
  ['Nehalem', '1x2x2'],
  ['SandyBridge', '4x1x1'],
  ['Skylake-Client-noTSX-IBRS', '1x1x1'],
] as const;

/** Where util-linux is asked as well. */
const LSCPU = ['EPYC-Rome', 'Penryn'];

function topologyOf(layout: string): Topology {
  const [sockets, cores, threads] = layout.split('x').map(Number);
  return { sockets: sockets!, cores: cores!, threads: threads! };
}

/** What is compared of a processor's leaves: all but what changes while it runs. */
function steady(entries: readonly CpuidEntry[]): string[] {
  return entries
    .filter((entry) => !isBeyondTopology(entry))
    .map((entry) => {
      const living = livingLeaves.find(({ leaf, subleaf }) => leaf === entry.leaf && subleaf === entry.subleaf);
      return entryText(living ? living.steady(entry) : entry);
    });
}

/** The flags that /proc/cpuinfo should show of a promise. */
function promisedFlags({ features }: CpuDescription): Set<string> {
  const shown = features.filter(({ gets, leaf }) => gets && !/^(msr|4000)/.test(leaf));
  return new Set(shown.map(({ name }) => KERNEL_NAMES[name] ?? name.replaceAll(/[-.]/g, '_')));
}

describe('a Debian guest finds the CPU that `cpu show` promised', LAB_RETRY, () => {
  const session = labSession({ seconds: 3600 });
  const met = need('gcc');
  let asked: (...questions: Question[]) => DebianGuest;

  beforeEach(async () => {
    if (session.lab && met) asked = await makeReportingGuest(session.lab);
  });

  test.for(MACHINES)('%s, %s', keepsItsPromise);
  test.for(MORE_MACHINES)('%s, %s', { tags: ['long'] }, keepsItsPromise);

  async function keepsItsPromise([cpu, layout]: readonly [string, string]): Promise<void> {
    const { bulkhead } = session;
    const topology = topologyOf(layout);
    const questions: Question[] = ['cpuid', 'cpuinfo', ...(LSCPU.includes(cpu) ? (['lscpu'] as const) : [])];
    const machine = await bulkhead.create(
      'promised',
      ...createOptions(asked(...questions)),
      ...['--accel', 'kvm', '--cpu', cpu, '--topology', layout],
    );
    const [promise] = await Promise.all([
      bulkhead.json<CpuDescription>(['cpu', 'show', cpu, '--topology', layout]),
      machine.start(REPORTED, 300),
    ]);
    const answers = await answersOf(machine);
    await machine.vm('kill');

    const found = readCpuidDump(answers.get('cpuid')!);
    expect(found.map(steady)).toEqual(promise.vcpus.map(({ cpuid }) => steady(cpuid)));
    expect(found).toHaveLength(vcpuCount(topology));

    const processors = readCpuinfo(answers.get('cpuinfo')!);
    expect(processors.map((fields) => topologyFields(fields))).toEqual(
      promise.vcpus.map(({ apicId }, index) => expectedFields(promise, apicId, index, topology)),
    );

    const promised = promisedFlags(promise);
    const gaveXsaveUp = ((found[0]!.find(({ leaf }) => leaf === 1)?.ecx ?? 0) & OSXSAVE) === 0;
    if (gaveXsaveUp) for (const flag of withXsave) promised.delete(flag);
    for (const fields of processors) {
      const flags = fields.get('flags')!.split(' ');
      const missing = [...promised].filter((flag) => !flags.includes(flag));
      const added = flags.filter((flag) => !promised.has(flag) && !kernelsOwnFlags.has(flag));
      expect({ missing, added }).toEqual({ missing: [], added: [] });
    }

    if (questions.includes('lscpu')) {
      const said = readLscpu(answers.get('lscpu')!);
      expect(Object.fromEntries(said)).toMatchObject({
        'CPU(s)': `${vcpuCount(topology)}`,
        'Vendor ID': promise.vendor,
        'Model name': promise.modelId,
        'CPU family': `${promise.family}`,
        Model: `${promise.model}`,
        Stepping: `${promise.stepping}`,
        'Thread(s) per core': `${topology.threads}`,
        'Core(s) per socket': `${topology.cores}`,
        'Socket(s)': `${topology.sockets}`,
        'Hypervisor vendor': 'KVM',
        Flags: processors[0]!.get('flags'),
      });
    }
  }
});

const FIELDS = [
  'vendor_id',
  'cpu family',
  'model',
  'model name',
  'stepping',
  'physical id',
  'core id',
  'cpu cores',
  'siblings',
  'apicid',
  'initial apicid',
];

function topologyFields(fields: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(FIELDS.map((name) => [name, (fields.get(name) ?? '').trim()]));
}

function expectedFields(
  { vendor, family, model, modelId, stepping, missing }: CpuDescription,
  apicId: number,
  index: number,
  wanted: Topology,
): Record<string, string> {
  const threadsAreCores = wanted.threads > 1 && missing.some(({ feature }) => feature === 'topoext');
  const topology = threadsAreCores ? { ...wanted, cores: wanted.cores * wanted.threads, threads: 1 } : wanted;
  const { socket, core } = placeOfVcpu(index, topology);
  const { cores, threads } = topology;
  const values = [vendor, family, model, modelId, stepping, socket, core, cores, cores * threads, apicId, apicId];
  return Object.fromEntries(FIELDS.map((name, i) => [name, `${values[i]}`.trim()]));
}
