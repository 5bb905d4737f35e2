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

export interface StatsHistory {
  last: MachineSample | undefined;
  rates: readonly Rates[];
}

export const emptyHistory: StatsHistory = { last: undefined, rates: [] };

/** The history with one more sample; what is older than the graphs show is dropped. */
export function withSample(history: StatsHistory, sample: MachineSample): StatsHistory {
  const rates = history.last === undefined ? undefined : ratesBetween(history.last, sample);
  const restarted = history.last !== undefined && rates === undefined;
  const kept = restarted ? [] : history.rates.filter(({ atMs }) => atMs > sample.atMs - windowSeconds * 1000);
  return { last: sample, rates: rates === undefined ? kept : [...kept, rates] };
}

/** One graph's columns: seconds before now (negative), and the values. */
export function series(
  rates: readonly Rates[],
  value: Exclude<keyof Rates, 'atMs'>,
): [seconds: number[], values: number[]] {
  const now = rates.at(-1)?.atMs ?? 0;
  return [rates.map(({ atMs }) => (atMs - now) / 1000), rates.map((each) => each[value])];
}
