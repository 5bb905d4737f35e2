import type { MachineSummary } from '../../../src-main/contract/machine.ts';

const order = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** The machines whose name holds all words of the filter, by name. */
export function shownMachines(machines: readonly MachineSummary[], filter: string): MachineSummary[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return machines
    .filter(({ name }) => words.every((word) => name.toLowerCase().includes(word)))
    .sort((a, b) => order.compare(a.name, b.name));
}

export function runningCount(machines: readonly MachineSummary[]): number {
  return machines.filter(({ state }) => state === 'running' || state === 'paused' || state === 'stopping').length;
}

/** The row a navigation key leads to from row `index` of `count`; undefined for any other key. */
export function rowAfterKey(key: string, index: number, count: number): number | undefined {
  if (count === 0) return undefined;
  if (key === 'ArrowDown') return Math.min(count - 1, index + 1);
  if (key === 'ArrowUp') return Math.max(0, index - 1);
  if (key === 'Home') return 0;
  if (key === 'End') return count - 1;
  return undefined;
}
