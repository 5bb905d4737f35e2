import type { CpuidEntry } from '../../../src-main/cpu/cpuid/cpuid-table.ts';

/** What CPUID answered on each processor of a guest, by what guest/cpuid-dump.c printed. */
export function readCpuidDump(lines: readonly string[]): CpuidEntry[][] {
  const processors: CpuidEntry[][] = [];
  for (const line of lines) {
    const [cpu, ...words] = line.trim().split(' ');
    const [leaf, subleaf, eax, ebx, ecx, edx] = words.map((word) => Number.parseInt(word, 16));
    if (edx === undefined) continue;
    const entry = { leaf: leaf!, subleaf: subleaf!, eax: eax!, ebx: ebx!, ecx: ecx!, edx };
    const processor = processors[Number(cpu)];
    if (processor) processor.push(entry);
    else processors[Number(cpu)] = [entry];
  }
  return processors;
}

/** /proc/cpuinfo: the fields of each processor. */
export function readCpuinfo(lines: readonly string[]): Map<string, string>[] {
  const processors: Map<string, string>[] = [];
  for (const line of lines) {
    const [, key, value] = /^([^\t:]+)\t*: ?(.*)$/.exec(line) ?? [];
    if (key === 'processor') processors.push(new Map());
    if (key !== undefined) processors.at(-1)?.set(key, value!);
  }
  return processors;
}

interface LscpuField {
  readonly field: string;
  readonly data: string | null;
  readonly children?: readonly LscpuField[];
}

/** `lscpu -J`: what it says by field, without the structure. */
export function readLscpu(lines: readonly string[]): Map<string, string> {
  const said = new Map<string, string>();
  const visit = ({ field, data, children = [] }: LscpuField): void => {
    if (data !== null) said.set(field.replace(/:$/, ''), data);
    children.forEach(visit);
  };
  const { lscpu } = JSON.parse(lines.join('\n')) as { lscpu: readonly LscpuField[] };
  lscpu.forEach(visit);
  return said;
}

/** One register line, to be compared as text. */
export function entryText({ leaf, subleaf, eax, ebx, ecx, edx }: CpuidEntry): string {
  const hex = (value: number) => (value >>> 0).toString(16);
  return `${hex(leaf)}.${hex(subleaf)}: ${[eax, ebx, ecx, edx].map(hex).join(' ')}`;
}
