import type { MachineSample } from '../../../src-main/contract/machine.ts';

/** What happened between two samples. */
export interface Rates {
  atMs: number;
  /** Of one host CPU: 100 is one thread fully busy. */
  cpuPercent: number;
  exitsPerSecond: number;
  consoleBytesPerSecond: number;
}

/** Undefined when no time has passed, or the counters began anew (the machine was started again). */
export function ratesBetween(from: MachineSample, to: MachineSample): Rates | undefined {
  const ms = to.atMs - from.atMs;
  const exits = allExits(to) - allExits(from);
  const cpuMs = to.hostCpuMs - from.hostCpuMs;
  const consoleBytes = to.consoleBytes - from.consoleBytes;
  if (ms <= 0 || exits < 0 || cpuMs < 0 || consoleBytes < 0) return undefined;
  return {
    atMs: to.atMs,
    cpuPercent: (cpuMs / ms) * 100,
    exitsPerSecond: (exits / ms) * 1000,
    consoleBytesPerSecond: (consoleBytes / ms) * 1000,
  };
}

function allExits({ exits }: MachineSample): number {
  return exits.port + exits.mmio + exits.other;
}

/** How far back the graphs look. */
export const windowSeconds = 90;

/** How busy each vCPU was between two samples: percent of a host CPU. */
export interface Loads {
  atMs: number;
  percent: readonly number[];
}

export function loadsBetween(from: MachineSample, to: MachineSample): Loads {
  const ms = Math.max(1, to.atMs - from.atMs);
  const percent = to.vcpus.map(({ cpuMs }, index) =>
    Math.max(0, ((cpuMs - (from.vcpus[index]?.cpuMs ?? cpuMs)) / ms) * 100),
  );
  return { atMs: to.atMs, percent };
}

export interface StatsHistory {
  last: MachineSample | undefined;
  rates: readonly Rates[];
  loads: readonly Loads[];
}

export const emptyHistory: StatsHistory = { last: undefined, rates: [], loads: [] };

/** The history with one more sample; what is older than the graphs show is dropped. */
export function withSample(history: StatsHistory, sample: MachineSample): StatsHistory {
  const rates = history.last === undefined ? undefined : ratesBetween(history.last, sample);
  const restarted = history.last !== undefined && rates === undefined;
  if (history.last === undefined || rates === undefined) {
    return restarted ? { ...emptyHistory, last: sample } : { ...history, last: sample };
  }
  const seen = ({ atMs }: { atMs: number }): boolean => atMs > sample.atMs - windowSeconds * 1000;
  return {
    last: sample,
    rates: [...history.rates.filter(seen), rates],
    loads: [...history.loads.filter(seen), loadsBetween(history.last, sample)],
  };
}

/** One graph's columns: seconds before now (negative), and the values. */
export function series(
  rates: readonly Rates[],
  value: Exclude<keyof Rates, 'atMs'>,
): [seconds: number[], values: number[]] {
  const now = rates.at(-1)?.atMs ?? 0;
  return [rates.map(({ atMs }) => (atMs - now) / 1000), rates.map((each) => each[value])];
}

/** One vCPU's load as the points of a line in a picture of that size, newest at the right; full load is the upper edge. */
export function sparkline(loads: readonly Loads[], index: number, width: number, height: number): string {
  const now = loads.at(-1)?.atMs ?? 0;
  return loads
    .map(({ atMs, percent }) => {
      const x = width * (1 + (atMs - now) / (windowSeconds * 1000));
      const y = 1 + (height - 2) * (1 - Math.min(100, percent[index] ?? 0) / 100);
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}

/** How far down the balloon's slider goes, and in what steps, in MiB: a guest with less than a quarter hardly lives. */
export function balloonRange(totalMiB: number): { least: number; step: number } {
  const step = totalMiB >= 4096 ? 64 : totalMiB >= 256 ? 8 : 1;
  return { least: Math.max(1, Math.ceil(totalMiB / 4 / step) * step), step };
}
