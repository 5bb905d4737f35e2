import { Failure } from '../base/failure.ts';
import { quote } from './machine-name.ts';

/** By vCPU: the host CPUs its thread may run on. vCPUs that are not there run anywhere. */
export type Pinning = ReadonlyMap<number, readonly number[]>;

/** More than any kernel's NR_CPUS on x86-64 (8192). */
const HOST_CPUS_MAX = 8192;

/**
 * Reads `0:2,1:4-6+8`: vCPU 0 on host CPU 2, vCPU 1 on 4, 5, 6 or 8. Throws a usage `Failure` that says what is wrong.
 */
export function parsePinning(text: string): Pinning {
  const pinning = new Map<number, readonly number[]>();
  for (const entry of text.split(',')) {
    const [, vcpu, set] = /^\s*(\d{1,2}):([\d+-]+)\s*$/.exec(entry) ?? [];
    if (vcpu === undefined || set === undefined) {
      throw refusal(text, `${quote(entry.trim())} is not VCPU:HOSTCPUS`);
    }
    if (pinning.has(Number(vcpu))) throw refusal(text, `vCPU ${Number(vcpu)} is there twice`);
    pinning.set(Number(vcpu), hostCpus(text, set));
  }
  return pinning;
}

/** `text` checked and in its shortest form. */
export function settledPinning(text: string): string {
  return formatPinning(parsePinning(text));
}

/** The shortest text that reads back as the same. */
export function formatPinning(pinning: Pinning): string {
  return [...pinning]
    .sort(([a], [b]) => a - b)
    .map(([vcpu, cpus]) => `${vcpu}:${formatCpus(cpus)}`)
    .join(',');
}

/** Throws where a vCPU is pinned that the machine does not have, or to a host CPU that is not there. */
export function requirePinnable(machine: string, pinning: Pinning, cpus: number, online: readonly number[]): void {
  for (const [vcpu, wanted] of pinning) {
    if (vcpu >= cpus) {
      const message = `machine ${quote(machine)}: pinning names vCPU ${vcpu}: it has ${cpus}, counted from 0`;
      throw new Failure('usage', 'bad-pinning', message, { hint: 'change the pinning together with the processors' });
    }
    const absent = wanted.filter((cpu) => !online.includes(cpu));
    if (absent.length === 0) continue;
    const message = `machine ${quote(machine)}: vCPU ${vcpu} is pinned to host CPU ${absent[0]}: there is none`;
    throw new Failure('host', 'no-such-host-cpu', message, { hint: `this computer has ${formatCpus(online)}` });
  }
}

function hostCpus(text: string, set: string): number[] {
  const cpus = new Set<number>();
  for (const range of set.split('+')) {
    const [, from, to = from] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range) ?? [];
    const [first, last] = [Number(from), Number(to)];
    if (!(first <= last && last < HOST_CPUS_MAX)) throw refusal(text, `${quote(range)} is no range of host CPUs`);
    for (let cpu = first; cpu <= last; cpu++) cpus.add(cpu);
  }
  return [...cpus].sort((a, b) => a - b);
}

function formatCpus(cpus: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const cpu of cpus) {
    const range = ranges.at(-1);
    if (range !== undefined && range[1] === cpu - 1) range[1] = cpu;
    else ranges.push([cpu, cpu]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join('+');
}

function refusal(text: string, why: string): Failure {
  return new Failure('usage', 'bad-pinning', `pinning ${quote(text)}: ${why}`, {
    hint: 'write 0:2,1:4-6+8 for vCPU 0 on host CPU 2 and vCPU 1 on host CPUs 4, 5, 6 or 8',
  });
}
