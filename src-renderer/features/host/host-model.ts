import type { HostCheck } from '../../../src-main/contract/host.ts';

/** What is missing first, each group in the order it was checked. */
export function orderedChecks(checks: readonly HostCheck[]): HostCheck[] {
  return [...checks.filter(({ ok }) => !ok), ...checks.filter(({ ok }) => ok)];
}

export function missingCount(checks: readonly HostCheck[]): number {
  return checks.filter(({ ok }) => !ok).length;
}
